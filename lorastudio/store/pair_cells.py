"""A filter as SQL: a choice among the few cells of words that pairs carry, and ranges of their figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lorastudio.domain.pair_filter import PairFilter
from lorastudio.store.json_text import to_json
from lorastudio.store.library import Library

# The figure of a pair whose figure is unknown, see migration 9.
UNKNOWN = 2

_VISIBLE_CELLS = "hidden = 0 AND (import_id = 0 OR import_id IN (SELECT id FROM imports WHERE state = 'committed'))"
_ALTERNATIVES = {
    "states": "state",
    "origins": "origin",
    "languages": "language",
    "deciders": "decided_by",
    "splits": "split",
    "cycles": "cycle_id",
    "imports": "import_id",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What a filter lets through, but for its search.

    `cells` are the cells, None when they are all there are; they hold `pairs` of the library's `total`.
    `conditions` are about `pair_facets` and use `parameters`; `ranges` are those about figures, by figure.
    """

    cells: tuple[int, ...] | None
    pairs: int
    total: int
    ranges: Mapping[str, str]
    parameters: Mapping[str, Any]

    def conditions(self, *, by_cell: bool) -> list[str]:
        """For a WHERE; `by_cell` lets SQLite go through the pairs cell by cell, else it goes in its order."""
        if self.cells is None:
            return list(self.ranges.values())
        column = "pair_facets.cell_id" if by_cell else "+pair_facets.cell_id"
        return [*self.ranges.values(), f"{column} IN (SELECT value FROM json_each(:cells))"]


def choose(library: Library, chosen: PairFilter) -> Choice:
    """The choice of a filter among the pairs that everybody can see."""
    where, parameters = _about_cells(chosen)
    rows = library.rows(f"SELECT id, pairs FROM pair_cells WHERE {where}", parameters)
    all_cells, total = library.rows("SELECT count(*), total(pairs) FROM pair_cells WHERE pairs > 0")[0]
    ranges, figures = _about_figures(chosen)
    cells = None if len(rows) == all_cells else tuple(row[0] for row in rows)
    return Choice(cells, sum(row[1] for row in rows), int(total), ranges, {**figures, "cells": to_json(cells or ())})


def cell_words(library: Library, column: str) -> dict[int, tuple[str, int]]:
    """What each cell says in one column, and how many pairs it holds."""
    rows = library.rows(f"SELECT id, {column}, pairs FROM pair_cells WHERE pairs > 0")
    return {row[0]: (row[1], row[2]) for row in rows}


def sweep_cells(library: Library) -> None:
    """Remove the cells that no pair is in any more."""
    library.execute("DELETE FROM pair_cells WHERE pairs = 0")


def _about_cells(chosen: PairFilter) -> tuple[str, dict[str, Any]]:
    conditions, parameters = ["pairs > 0", _VISIBLE_CELLS], dict[str, Any]()
    for name, column in _ALTERNATIVES.items():
        if values := getattr(chosen, name):
            conditions.append(f"{column} IN (SELECT value FROM json_each(:{name}))")
            parameters[name] = to_json(values)
    if chosen.clean:
        conditions.append("lint = '[]'")
    if chosen.findings:
        conditions.append("EXISTS (SELECT 1 FROM json_each(lint) WHERE value IN (SELECT value FROM json_each(:names)))")
        parameters["names"] = to_json(chosen.findings)
    for name, comparison in (("since", "day >= :since"), ("until", "day <= :until")):
        if day := getattr(chosen, name):
            conditions.append(comparison)
            parameters[name] = day
    return " AND ".join(conditions), parameters


def _about_figures(chosen: PairFilter) -> tuple[dict[str, str], dict[str, float]]:
    conditions, parameters = dict[str, str](), dict[str, float]()
    for figure in ("confidence", "margin"):
        least, most = getattr(chosen, f"min_{figure}"), getattr(chosen, f"max_{figure}")
        if least is None and most is None:
            continue
        # Figures stand there with their sign turned: the least is the greatest, and unknown ones lie beyond it.
        conditions[figure] = f"pair_facets.by_{figure} BETWEEN :{figure}_from AND :{figure}_to"
        parameters[f"{figure}_from"] = -UNKNOWN if most is None else -most
        parameters[f"{figure}_to"] = UNKNOWN - 0.5 if least is None else -least
    return conditions, parameters
