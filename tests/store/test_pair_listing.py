"""Lists and counts against what a reading of all pairs says."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lorastudio.domain.errors import KnownError
from lorastudio.domain.messages import user
from lorastudio.domain.pair import Decider, Origin, Pair, PairOrder, PairState, Split
from lorastudio.domain.pair_filter import EVERY_PAIR, PairFilter
from lorastudio.domain.text_query import find_spans, parse_query
from lorastudio.store import pair_listing
from lorastudio.store.groups import assign_splits
from lorastudio.store.library import Library
from lorastudio.store.pair_listing import PairFacet, count_by, count_by_findings, count_pairs, pair_ids
from lorastudio.store.pairs import add_pairs, decide_pairs, get_pairs, list_pairs
from tests.store.samples import new_cycle, new_pair

GROUPS = {"one": Split.TRAIN, "two": Split.HELDOUT, "three": Split.QUARANTINED}
FINDINGS = ("too long", "length bias")
FIGURES = st.none() | st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0])
WORDS = st.lists(st.sampled_from(["copper", "cobre", "Solução", "solucao", "K2", "ação"]), max_size=3).map(" ".join)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "group": st.sampled_from(sorted(GROUPS)),
            "origin": st.sampled_from(Origin),
            "language": st.sampled_from(["en", "pt", ""]),
            "margin": FIGURES,
            "confidence": FIGURES,
            "lint": st.lists(st.sampled_from(FINDINGS), unique=True).map(tuple),
            "words": WORDS,
            "state": st.sampled_from(PairState),
        }
    ),
    max_size=14,
)


def some(values: Any) -> st.SearchStrategy[tuple]:
    return st.just(()) | st.lists(st.sampled_from(values), unique=True, max_size=2).map(tuple)


@st.composite
def filters(draw: st.DrawFn) -> PairFilter:
    low, high = draw(FIGURES), draw(FIGURES)
    if low is not None and high is not None and low > high:
        low, high = high, low
    findings = draw(some(FINDINGS))
    return PairFilter(
        states=draw(some(PairState)),
        origins=draw(some(Origin)),
        languages=draw(some(["en", "pt", "fr"])),
        splits=draw(some(Split)),
        findings=findings,
        clean=not findings and draw(st.booleans()),
        min_confidence=low,
        max_confidence=high,
        min_margin=draw(FIGURES),
        search=draw(st.sampled_from(["", "", "copper", "sol", '"copper cobre"', "k2", "ac", "%"])),
    )


def means(chosen: PairFilter, pair: Pair) -> bool:
    """What a filter means, said once more and otherwise."""
    alternatives = (
        (chosen.states, pair.state),
        (chosen.origins, pair.origin),
        (chosen.languages, pair.language),
        (chosen.splits, pair.split),
        (chosen.deciders, pair.decided_by),
        (chosen.cycles, pair.cycle_id),
        (chosen.imports, pair.import_id),
    )
    ranges = (
        (chosen.min_confidence, chosen.max_confidence, pair.confidence),
        (chosen.min_margin, chosen.max_margin, pair.margin),
    )
    return (
        all(not wanted or value in wanted for wanted, value in alternatives)
        and all(inside(low, high, value) for low, high, value in ranges)
        and (not chosen.findings or bool(set(chosen.findings) & set(pair.lint)))
        and (not chosen.clean or not pair.lint)
        and (not chosen.since or pair.created_at[:10] >= chosen.since)
        and (not chosen.until or pair.created_at[:10] <= chosen.until)
        and says(chosen.search, pair)
    )


def inside(low: float | None, high: float | None, value: float | None) -> bool:
    if low is None and high is None:
        return True
    return value is not None and (low is None or low <= value) and (high is None or value <= high)


def says(typed: str, pair: Pair) -> bool:
    texts = [*(turn.content for turn in pair.prompt), pair.good or "", pair.bad or ""]
    terms = parse_query(typed)
    found = [any(find_spans((term,), text) for text in texts) for term in terms]
    return not typed.strip() or (bool(found) and all(found))


def in_order(pairs: list[Pair], order: PairOrder) -> list[int]:
    def place(pair: Pair) -> tuple[float, int]:
        figure = {PairOrder.ARRIVAL: 0.0, PairOrder.MARGIN: pair.margin, PairOrder.CONFIDENCE: pair.confidence}[order]
        return (9.0 if figure is None else -figure, pair.id)

    return [pair.id for pair in sorted(pairs, key=place)]


@contextmanager
def filled(rows: list[dict[str, Any]]) -> Iterator[Library]:
    with tempfile.TemporaryDirectory() as home, Library.open(Path(home), write=True) as library:
        assign_splits(library, GROUPS)
        for number, row in enumerate(rows):
            values = dict(row)
            text, state = values.pop("words"), values.pop("state")
            add_pairs(library, [new_pair(str(number), good=f"{number} {text}", **values)], state=state)
        yield library


@settings(max_examples=40, deadline=None)
@given(
    rows=ROWS,
    chosen=filters(),
    order=st.sampled_from(PairOrder),
    reach=st.sampled_from([2, 20_000]),
    few=st.sampled_from([0, 3, 100]),
)
def test_pages_and_counts_are_those_of_a_reading_of_all_pairs(
    rows: list[dict[str, Any]], chosen: PairFilter, order: PairOrder, reach: int, few: int
) -> None:
    with filled(rows) as library, pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_listing, "REACH", reach)
        patch.setattr(pair_listing, "FEW", few)
        everything = get_pairs(library, range(1, len(rows) + 1))
        meant = [pair for pair in everything if means(chosen, pair)]
        wanted = in_order(meant, order)
        assert list(pair_ids(library, chosen, order=order)) == wanted
        assert paged(library, chosen, order) == wanted
        assert count_pairs(library, chosen) == {s: sum(pair.state is s for pair in meant) for s in PairState}
        assert count_by(library, PairFacet.LANGUAGE, chosen) == Counter(pair.language for pair in meant)
        assert count_by_findings(library, chosen) == Counter(pair.lint for pair in meant)


def paged(library: Library, chosen: PairFilter, order: PairOrder) -> list[int]:
    found: list[int] = []
    while page := list_pairs(library, chosen, order=order, limit=3, after_id=found[-1] if found else 0):
        found += [pair.id for pair in page]
    return found


def test_pairs_are_filtered_by_who_decided_where_they_came_from_and_when(library: Library) -> None:
    assign_splits(library, GROUPS)
    cycle = new_cycle(library)
    first, second = add_pairs(library, [new_pair("a", "one", cycle_id=cycle.id), new_pair("b", "one")]).ids
    decide_pairs(library, [first], PairState.ACCEPTED, Decider.RULE, "rule")
    today = list_pairs(library)[0].created_at[:10]
    for chosen, wanted in (
        (PairFilter(deciders=(Decider.RULE,)), [first]),
        (PairFilter(deciders=(Decider.NOBODY, Decider.PERSON)), [second]),
        (PairFilter(cycles=(cycle.id, 99)), [first]),
        (PairFilter(since=today, until=today), [first, second]),
        (PairFilter(since="2999-01-01"), []),
        (PairFilter(until="1999-01-01"), []),
        (PairFilter(imports=(1,)), []),
    ):
        assert list(pair_ids(library, chosen)) == wanted
        assert all(means(chosen, pair) for pair in list_pairs(library, chosen))


def test_pairs_can_be_counted_by_any_facet(library: Library) -> None:
    assign_splits(library, GROUPS)
    add_pairs(library, [new_pair("a", "one", language="pt"), new_pair("b", "two", origin=Origin.VERIFIED)])
    counts = {facet: count_by(library, facet) for facet in PairFacet}
    assert {sum(found.values()) for found in counts.values()} == {2}
    assert counts[PairFacet.SPLIT] == {"heldout": 1, "train": 1}
    assert counts[PairFacet.ORIGIN] == {"drafted": 1, "verified": 1}
    assert counts[PairFacet.CYCLE] == counts[PairFacet.IMPORT] == {"0": 2}


def test_a_page_by_gain_goes_on_after_a_pair_that_is_there(library: Library) -> None:
    assign_splits(library, GROUPS)
    add_pairs(library, [new_pair("a", "one")])
    with pytest.raises(KnownError, match="no pair 7 to go on after"):
        pair_ids(library, EVERY_PAIR, order=PairOrder.MARGIN, after_id=7)
    assert list(pair_ids(library, EVERY_PAIR, after_id=7)) == []


@settings(max_examples=30, deadline=None)
@given(typed=st.text(alphabet="ab\"*^():-+{}\\'\0%_ NEARORND", max_size=12))
def test_nothing_that_is_typed_is_read_as_syntax(typed: str) -> None:
    with filled([]) as library:
        assign_splits(library, GROUPS)
        add_pairs(library, [new_pair("x", "one", prompt=user("aab NEAR b"), good="AND or not", bad='say "abb"')])
        (pair,) = list_pairs(library)
        assert list_pairs(library, PairFilter(search=typed)) == ([pair] if says(typed, pair) else [])


def test_searches_and_pages_are_of_what_others_can_see(library: Library) -> None:
    reader = Library.open(library.home, write=False)
    with reader, library.transaction():
        assign_splits(library, GROUPS)
        add_pairs(library, [new_pair("copper", "one")])
        assert (len(list_pairs(library, PairFilter(search="copper"))), list_pairs(reader)) == (1, [])
