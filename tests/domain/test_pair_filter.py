"""Filters are kept as records and refuse what can't be meant."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorastudio.domain.errors import UsageError
from lorastudio.domain.pair import Decider, Origin, PairState, Split
from lorastudio.domain.pair_filter import EVERY_PAIR, PairFilter, from_record

FIGURE = st.none() | st.floats(0, 1)
DAY = st.just("") | st.dates().map(lambda day: day.isoformat())


def some(values: Any) -> st.SearchStrategy[tuple]:
    return st.lists(st.sampled_from(values), unique=True).map(tuple)


FIELDS = st.fixed_dictionaries(
    {
        "states": some(PairState),
        "origins": some(Origin),
        "languages": some(["en", "pt", ""]),
        "deciders": some(Decider),
        "splits": some(Split),
        "cycles": some([0, 1, 2]),
        "imports": some([1, 7]),
        "clean": st.booleans(),
        "min_confidence": FIGURE,
        "max_margin": FIGURE,
        "since": DAY,
        "search": st.text(),
    }
)


@given(FIELDS)
def test_a_filter_comes_back_from_its_record(fields: dict[str, Any]) -> None:
    chosen = PairFilter(**fields)
    assert from_record(json.loads(json.dumps(chosen.as_record()))) == chosen


def test_a_record_holds_what_is_given_alone() -> None:
    assert EVERY_PAIR.as_record() == {}
    assert PairFilter(states=(PairState.PENDING,), min_confidence=0.0).as_record() == {
        "states": ["pending"],
        "min_confidence": 0.0,
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"min_confidence": 0.9, "max_confidence": 0.8},
        {"min_margin": 0.2, "max_margin": 0.1},
        {"since": "yesterday"},
        {"until": "20261122"},
        {"since": "2026-11-23", "until": "2026-11-22"},
        {"clean": True, "findings": ("too long",)},
    ],
)
def test_what_can_not_be_meant_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        PairFilter(**fields)


@pytest.mark.parametrize("record", [{"state": "pending"}, {"states": ["lost"]}, {"cycles": ["x"]}])
def test_an_unknown_record_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        from_record(record)
