from __future__ import annotations

import math
import random

import pytest

from lorastudio.datasets.length_bias import BINS, length_bias, log_ratio


def test_shares_quantiles_and_the_judge_of_lengths() -> None:
    ratios = [log_ratio("a" * good, "b" * bad) for good, bad in [(40, 20), (30, 20), (20, 20), (20, 40)]]
    found = length_bias(ratios)
    assert found is not None
    assert (found.pairs, found.good_longer, found.bad_longer, found.equal) == (4, 0.5, 0.25, 0.25)
    assert found.length_judge == 0.625
    assert found.low < 0.625 < found.high
    assert found.mean == pytest.approx(math.log(1.5) / 4)
    assert found.quantiles[2] == pytest.approx(math.log(1.5) / 2)
    assert found.lopsided == 0.5
    assert len(found.histogram) == BINS and sum(found.histogram) == 1
    assert "Too few" in found.advice


def test_advice_is_given_when_lengths_give_the_answer_away_whichever_way() -> None:
    rng = random.Random(1)
    longer = length_bias([rng.gauss(0.4, 0.3) for _ in range(500)])
    shorter = length_bias([rng.gauss(-0.4, 0.3) for _ in range(500)])
    even = length_bias([rng.gauss(0, 0.3) for _ in range(500)])
    assert longer is not None and shorter is not None and even is not None
    assert "only chose the longer" in longer.advice
    assert "only chose the shorter" in shorter.advice and shorter.length_judge > 0.85
    assert even.advice == ""


def test_nothing_gives_no_report_and_an_empty_answer_counts_as_one_character() -> None:
    assert length_bias([]) is None
    assert log_ratio("", "abc") == pytest.approx(-math.log(3))
