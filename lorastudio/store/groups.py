"""Which side of the split each group lies on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lorastudio.domain.pair import Split
from lorastudio.store.json_text import to_json
from lorastudio.store.library import Library


def get_splits(library: Library, groups: Iterable[str]) -> dict[str, Split]:
    """The split of each of the groups that has one."""
    rows = library.rows(
        "SELECT name, split FROM groups WHERE name IN (SELECT value FROM json_each(?))", (to_json(list(groups)),)
    )
    return {row["name"]: Split(row["split"]) for row in rows}


def assign_splits(library: Library, splits: Mapping[str, Split]) -> dict[str, Split]:
    """Put each group that has no split yet on its side; the first assignment wins for ever.

    Returns the splits that the groups now have, which may differ from those asked for.
    """
    with library.transaction():
        library.execute_many(
            "INSERT INTO groups (name, split) VALUES (?, ?) ON CONFLICT DO NOTHING", list(splits.items())
        )
        return get_splits(library, splits)
