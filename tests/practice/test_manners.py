from __future__ import annotations

import pytest

from lorastudio.domain.errors import UsageError
from lorastudio.practice.manners import Manner, Manners, Rule, parse_manners


def test_reads_names_values_and_counts() -> None:
    assert parse_manners("429:2*3, fenced-json,slow-drip:0.01") == Manners(
        (
            Rule(Manner.TOO_MANY_REQUESTS, 2.0, 3),
            Rule(Manner.FENCED_JSON),
            Rule(Manner.SLOW_DRIP, 0.01),
        )
    )
    assert parse_manners(" ") == Manners()


def test_a_count_holds_for_the_first_requests() -> None:
    manners = parse_manners("500*2,prose")
    assert [Manner.SERVER_ERROR in manners.at(number) for number in range(4)] == [True, True, False, False]
    assert all(Manner.PROSE in manners.at(number) for number in range(4))


def test_a_value_that_was_not_told_is_the_usual_one() -> None:
    assert parse_manners("429").at(0).value(Manner.TOO_MANY_REQUESTS, usual=7) == 7
    assert parse_manners("429:0").at(0).value(Manner.TOO_MANY_REQUESTS, usual=7) == 0


@pytest.mark.parametrize("text", ["rude", "429*", "429:x", "stall*-1", "fenced json"])
def test_says_what_it_can_not_read(text: str) -> None:
    with pytest.raises(UsageError, match="no manners called") as caught:
        parse_manners(text)
    assert "fenced-json" in caught.value.hint
