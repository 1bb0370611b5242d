"""Filters that a person gave a name."""

from __future__ import annotations

from dataclasses import dataclass

from lorastudio.domain.clock import now
from lorastudio.domain.errors import KnownError
from lorastudio.domain.pair_filter import PairFilter, from_record
from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library


@dataclass(frozen=True, slots=True)
class SavedFilter:
    name: str
    filter: PairFilter
    saved_at: str


def save_filter(library: Library, name: str, chosen: PairFilter) -> None:
    """Keep a filter under a name; one that has the name already is replaced."""
    library.execute(
        "INSERT INTO saved_filters (name, filter, saved_at) VALUES (:name, :filter, :now)"
        " ON CONFLICT (name) DO UPDATE SET filter = :filter, saved_at = :now",
        {"name": name, "filter": to_json(chosen.as_record()), "now": now()},
    )


def list_filters(library: Library) -> list[SavedFilter]:
    """All saved filters by name."""
    rows = library.rows("SELECT * FROM saved_filters ORDER BY name")
    return [SavedFilter(row["name"], from_record(from_json(row["filter"])), row["saved_at"]) for row in rows]


def get_filter(library: Library, name: str) -> PairFilter:
    """The filter of that name; KnownError when there is none."""
    text = library.value("SELECT filter FROM saved_filters WHERE name = ?", (name,))
    if text is None:
        raise _no_filter(name)
    return from_record(from_json(text))


def remove_filter(library: Library, name: str) -> None:
    """Forget a filter; KnownError when there is none of that name."""
    if not library.execute("DELETE FROM saved_filters WHERE name = ?", (name,)):
        raise _no_filter(name)


def _no_filter(name: str) -> KnownError:
    return KnownError(f"There is no saved filter {name}.", "`lorastudio filters list` names them.")
