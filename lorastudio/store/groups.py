"""Which side of the split each group lies on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lorastudio.domain.pair import Split
from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library


def get_splits(library: Library, groups: Iterable[str]) -> dict[str, Split]:
    """The split of each of the groups that has one."""
    found: dict[str, str] = from_json(
        library.value(
            "SELECT json_group_object(name, split) FROM groups WHERE name IN (SELECT value FROM json_each(?))",
            (to_json(list(groups)),),
        )
    )
    return {name: Split(split) for name, split in found.items()}


def assign_splits(library: Library, splits: Mapping[str, Split]) -> dict[str, Split]:
    """Put each group that has no split yet on its side; the first assignment wins for ever.

    Returns the splits that the groups now have, which may differ from those asked for.
    """
    with library.transaction():
        library.execute(
            "INSERT INTO groups (name, split) SELECT key, value FROM json_each(?) WHERE true ON CONFLICT DO NOTHING",
            (to_json(dict(splits)),),
        )
        return get_splits(library, splits)
