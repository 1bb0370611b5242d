"""Lists and counts of pairs by any filter, at a million pairs too: bounded work, never through their texts.

A page in some order is looked for where it usually is, at the beginning of that order. When too few pairs there
are meant, the cells say how many there are at all: few enough are collected and sorted, else the order is walked
on. Either way no more than about half of all pairs are looked at twice, a few dozen bytes each.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from lorastudio.domain.errors import KnownError
from lorastudio.domain.pair import PairOrder, PairState
from lorastudio.domain.pair_filter import EVERY_PAIR, PairFilter
from lorastudio.domain.text_query import Term, parse_query
from lorastudio.store.json_text import from_json
from lorastudio.store.library import Library
from lorastudio.store.pair_cells import Choice, cell_words, choose
from lorastudio.store.pair_search import match_of, saying

# How many pairs at the beginning of an order are looked at before anything else is tried.
REACH = 20_000
# So many pairs can be collected and sorted in a moment.
FEW = 100_000
# A page of what is searched for is looked for among so many times as many pairs first.
NEARBY = 3


class PairFacet(StrEnum):
    """By what pairs can be counted."""

    STATE = "state"
    ORIGIN = "origin"
    LANGUAGE = "language"
    SPLIT = "split"
    DECIDER = "decided_by"
    CYCLE = "cycle_id"
    IMPORT = "import_id"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class _Order:
    """`index` holds all that a filter looks at, sorted by `keys`."""

    keys: tuple[str, ...]
    index: str

    @property
    def sorting(self) -> str:
        return ", ".join(self.keys)


_ORDERS = {
    PairOrder.ARRIVAL: _Order(("pair_facets.pair_id",), "pair_facets NOT INDEXED"),
    PairOrder.MARGIN: _Order(
        ("pair_facets.by_margin", "pair_facets.pair_id"), "pair_facets INDEXED BY pair_facets_margin"
    ),
    PairOrder.CONFIDENCE: _Order(
        ("pair_facets.by_confidence", "pair_facets.pair_id"), "pair_facets INDEXED BY pair_facets_confidence"
    ),
}
_BY_CELL = "pair_facets INDEXED BY pair_facets_cell"
_SEARCHED = "pair_index CROSS JOIN pair_facets ON pair_facets.pair_id = pair_index.rowid"


def pair_ids(
    library: Library,
    chosen: PairFilter = EVERY_PAIR,
    *,
    order: PairOrder = PairOrder.ARRIVAL,
    limit: int | None = None,
    after_id: int = 0,
) -> array[int]:
    """The ids of the pairs that a filter means ("q": 8 bytes each), from the one after `after_id` on in this order.

    KnownError when `after_id` is of no pair and the order is not that of arrival.
    """
    terms = _terms(chosen)
    with library.snapshot():
        choice = choose(library, chosen)
        if not choice.pairs or terms == ():
            return array("q")
        page = _Page(library, choice, _ORDERS[order], -1 if limit is None else limit)
        after = _place(library, order, after_id) if after_id else ()
        return page.search(terms, after) if terms else page.find(after)


def count_pairs(library: Library, chosen: PairFilter = EVERY_PAIR) -> dict[PairState, int]:
    """How many pairs a filter means in each state, zeros included."""
    found = count_by(library, PairFacet.STATE, chosen)
    return {state: found.get(state.value, 0) for state in PairState}


def count_by(library: Library, facet: PairFacet, chosen: PairFilter = EVERY_PAIR) -> dict[str, int]:
    """How many pairs a filter means for each word of a facet, sorted by word."""
    return _count(library, facet.value, chosen)


def count_by_findings(library: Library, chosen: PairFilter = EVERY_PAIR) -> dict[tuple[str, ...], int]:
    """How many pairs a filter means for each list of findings, the empty one included."""
    return {tuple(from_json(lint)): pairs for lint, pairs in _count(library, "lint", chosen).items()}


def _count(library: Library, column: str, chosen: PairFilter) -> dict[str, int]:
    counts: Counter[str] = Counter()
    with library.snapshot():
        words = cell_words(library, column)
        for cell, pairs in _per_cell(library, choose(library, chosen), _terms(chosen), words):
            counts[str(words[cell][0])] += pairs
    return dict(sorted(counts.items()))


@dataclass(frozen=True, slots=True)
class _Page:
    """The first `limit` (-1: all) ids that a choice lets through, in an order."""

    library: Library
    choice: Choice
    order: _Order
    limit: int

    def find(self, after: tuple[float, ...]) -> array[int]:
        """Without a search; from the place `after` on."""
        choice = self.choice
        if self.limit >= 0 and choice.pairs > REACH:
            near = self._near(after)
            found = self._walk(after, near)
            if len(found) == self.limit or near == ():
                return found
        if (few := _few(self.library, choice)) is not None:
            return self._ids(few, choice.conditions(by_cell=False), self.order.sorting, after, ())
        # By cell the confidence is sorted, so that a range of it is a piece of each cell.
        sparse = "confidence" in choice.ranges or choice.pairs <= choice.total // 2
        if choice.cells is not None and sparse:
            return self._ids(_BY_CELL, choice.conditions(by_cell=True), self.order.sorting, after, ())
        return self._walk(after, ())

    def search(self, terms: tuple[Term, ...], after: tuple[float, ...]) -> array[int]:
        """Those that say all the terms."""
        if self.limit >= 0:
            nearby = replace(self, limit=NEARBY * self.limit).find(after)
            found = saying(self.library, nearby, terms)
            if len(found) >= self.limit or len(nearby) < NEARBY * self.limit:
                return found[: self.limit]
        conditions = ["pair_index MATCH :match", *self.choice.conditions(by_cell=False)]
        # The full-text index runs in the order of ids, so a page of a common word needs no sort.
        sorting = self.order.sorting if len(self.order.keys) > 1 else "pair_index.rowid"
        if sorting == "pair_index.rowid" and after:
            conditions.append("pair_index.rowid > :after_0")
        return self._ids(_SEARCHED, conditions, sorting, after, (), match=match_of(terms))

    def _walk(self, after: tuple[float, ...], until: tuple[float, ...]) -> array[int]:
        conditions = self.choice.conditions(by_cell=False)
        return self._ids(self.order.index, conditions, self.order.sorting, after, until)

    def _near(self, after: tuple[float, ...]) -> tuple[float, ...]:
        """The place in the order that lies `REACH` pairs on; empty when the order ends before."""
        place, parameters = _between(self.order, after, ())
        # A range of the figure that sorts is a piece of the order: the walk begins there.
        own = [about for about in self.choice.ranges.values() if about.startswith(self.order.keys[0])]
        where = " AND ".join([*own, *([place] if place else [])]) or "1"
        row = self.library.row(
            f"SELECT {self.order.sorting} FROM {self.order.index} WHERE {where}"
            f" ORDER BY {self.order.sorting} LIMIT 1 OFFSET {REACH}",
            {**self.choice.parameters, **parameters},
        )
        return () if row is None else tuple(row)

    def _ids(
        self,
        table: str,
        conditions: list[str],
        sorting: str,
        after: tuple[float, ...],
        until: tuple[float, ...],
        **more: Any,
    ) -> array[int]:
        place, parameters = _between(self.order, after, until)
        where = " AND ".join([*conditions, *([place] if place else [])]) or "1"
        return self.library.integers(
            f"SELECT pair_facets.pair_id FROM {table} WHERE {where} ORDER BY {sorting} LIMIT :limit",
            {**self.choice.parameters, **parameters, **more, "limit": self.limit},
        )


def _between(order: _Order, after: tuple[float, ...], until: tuple[float, ...]) -> tuple[str, dict[str, float]]:
    """The condition that a pair lies after one place of the order and not after another, empty ones left out."""
    conditions, parameters = list[str](), dict[str, float]()
    for name, comparison, place in (("after", ">", after), ("until", "<=", until)):
        if place:
            marks = ", ".join(f":{name}_{number}" for number in range(len(place)))
            conditions.append(f"({order.sorting}) {comparison} ({marks})")
            parameters |= {f"{name}_{number}": value for number, value in enumerate(place)}
    return " AND ".join(conditions), parameters


def _few(library: Library, choice: Choice) -> str | None:
    """The index by a figure whose range holds few pairs; None when none does."""
    for figure, condition in choice.ranges.items():
        index = f"pair_facets INDEXED BY pair_facets_{figure}"
        inside = f"SELECT count(*) FROM (SELECT 1 FROM {index} WHERE {condition} LIMIT {FEW})"
        if library.value(inside, dict(choice.parameters)) < FEW:
            return index
    return None


def _place(library: Library, order: PairOrder, pair_id: int) -> tuple[float, ...]:
    """Where a pair lies in an order."""
    if order is PairOrder.ARRIVAL:
        return (pair_id,)
    row = library.row(f"SELECT {_ORDERS[order].sorting} FROM pair_facets WHERE pair_id = ?", (pair_id,))
    if row is None:
        raise KnownError(f"There is no pair {pair_id} to go on after.", "Begin again with the first page.")
    return tuple(row)


def _per_cell(
    library: Library, choice: Choice, terms: tuple[Term, ...] | None, words: Mapping[int, tuple[str, int]]
) -> Iterator[tuple[int, int]]:
    """Cells and how many of their pairs are meant."""
    if terms is None and not choice.ranges:
        yield from ((cell, words[cell][1]) for cell in (words if choice.cells is None else choice.cells))
        return
    if terms == () or not choice.pairs:
        return
    if terms:
        table, match = _SEARCHED, match_of(terms)
        conditions = [*choice.conditions(by_cell=False), "pair_index MATCH :match"]
    else:
        few, match = _few(library, choice), ""
        table, conditions = few or _BY_CELL, choice.conditions(by_cell=few is None)
    rows = library.rows(
        f"SELECT pair_facets.cell_id, count(*) FROM {table} WHERE {' AND '.join(conditions)} GROUP BY 1",
        {**choice.parameters, "match": match},
    )
    yield from ((row[0], row[1]) for row in rows)


def _terms(chosen: PairFilter) -> tuple[Term, ...] | None:
    """What is searched for: None for no search, nothing for one that holds no word and so finds nothing."""
    return parse_query(chosen.search) if chosen.search.strip() else None
