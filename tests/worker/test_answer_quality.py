from __future__ import annotations

import pytest

from lorastudio.practice.questions import preference_pairs
from lorastudio.worker.answer_quality import answer_quality, chrf


def test_chrf_by_hand() -> None:
    """ "abc" against "abd": 2 of 3 letters, 1 of 2 pairs, 0 of 1 triple, so both averages are 7/18."""
    assert chrf("ab c", "abd") == pytest.approx(7 / 18)
    # "ab" against "abcd": all of its 2 letters and 1 pair, of 4 and 3: P = 1, R = (1/2 + 1/3) / 2 = 5/12, F2 by 4 : 1.
    assert chrf("ab", "abcd") == pytest.approx(5 * (5 / 12) / (4 + 5 / 12))


def test_chrf_ends_of_the_scale() -> None:
    assert chrf("the same words", "the  same words") == pytest.approx(1.0)
    assert chrf("xyz", "abc") == chrf("", "abc") == chrf("abc", "") == 0.0


def test_practice_answers_are_judged_by_their_critic() -> None:
    pair = preference_pairs(1)[0]
    assert answer_quality(pair.prompt, pair.good, "anything else") == 1.0
    assert answer_quality(pair.prompt, pair.bad, pair.good) < 1.0
    assert answer_quality("Who is there?", "It is me.", "It is me.") == pytest.approx(1.0)
