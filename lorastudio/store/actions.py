"""What a person did to pairs, so that it can be taken back.

The log is only added to: an action keeps the images of its pairs before and after, taking it back sets
`undone_at`, doing it again clears that. Actions are taken back from the last to the first; one that was
taken back can be done again until another action is done.
"""

from __future__ import annotations

import sqlite3
from enum import StrEnum
from typing import Any, Literal

from lorastudio.domain.changes import Changes
from lorastudio.domain.clock import now
from lorastudio.domain.errors import KnownError
from lorastudio.store.library import Library


class ActionKind(StrEnum):
    DECIDE = "decide"
    EDIT = "edit"
    IMPORT = "import"


# The columns that the images of an action hold. An import's pairs need none: they appear and vanish together.
_COLUMNS = {
    ActionKind.DECIDE: ("state", "decided_by"),
    ActionKind.EDIT: ("prompt", "good", "bad", "origin", "lint", "text_hash"),
}


def change_pairs(
    library: Library, kind: ActionKind, label: str, values: dict[str, Any], where: str, parameters: dict[str, Any]
) -> Changes:
    """Set all columns of the kind to `values` in the pairs that match `where`, as one action.

    `where` comes from our own code and speaks of the table `pairs`. When it matches nothing, nothing is logged.
    """
    columns = _COLUMNS[kind]
    before = ", ".join(f"'{name}', pairs.{name}" for name in columns)
    after = ", ".join(f"'{name}', :new_{name}" for name in columns)
    news = {f"new_{name}": values[name] for name in columns}
    with library.transaction():
        action_id = log_action(library, kind, label)
        touched = library.execute(
            "INSERT INTO action_pairs (action_id, pair_id, before, after)"
            f" SELECT :action_id, pairs.id, json_object({before}), json_object({after}) FROM pairs WHERE {where}",
            {**parameters, **news, "action_id": action_id},
        )
        if not touched:
            library.execute("DELETE FROM actions WHERE id = ?", (action_id,))
            return Changes()
        _apply(library, action_id, kind, "after")
        return Changes(pairs=_pairs_of(library, action_id), undo_label=label)


def log_action(library: Library, kind: ActionKind, label: str, import_id: int | None = None) -> int:
    """Write down that something was done; returns the action's id."""
    return library.insert("actions", {"kind": kind, "label": label, "import_id": import_id, "done_at": now()})


def undo(library: Library) -> Changes:
    """Take back the last action that was not taken back; `undo_label` names it. KnownError when there is none."""
    with library.transaction():
        action = library.row("SELECT * FROM actions WHERE undone_at IS NULL ORDER BY id DESC LIMIT 1")
        if action is None:
            raise KnownError("There is nothing to undo.")
        library.execute("UPDATE actions SET undone_at = ? WHERE id = ?", (now(), action["id"]))
        return _turn(library, action, "before")


def redo(library: Library) -> Changes:
    """Do again what `undo` took back last; `undo_label` names it. KnownError when there is none."""
    with library.transaction():
        action = library.row(
            "SELECT * FROM actions WHERE id > (SELECT coalesce(max(id), 0) FROM actions WHERE undone_at IS NULL)"
            " ORDER BY id LIMIT 1"
        )
        if action is None:
            raise KnownError("There is nothing to redo.")
        library.execute("UPDATE actions SET undone_at = NULL WHERE id = ?", (action["id"],))
        return _turn(library, action, "after")


def _turn(library: Library, action: sqlite3.Row, image: Literal["before", "after"]) -> Changes:
    kind = ActionKind(action["kind"])
    if kind is ActionKind.IMPORT:
        library.execute(
            "UPDATE imports SET state = ? WHERE id = ?",
            ("undone" if image == "before" else "committed", action["import_id"]),
        )
        rows = library.rows("SELECT id FROM pairs WHERE import_id = ? ORDER BY id", (action["import_id"],))
        return Changes(pairs=tuple(row["id"] for row in rows), undo_label=action["label"])
    _apply(library, action["id"], kind, image)
    return Changes(pairs=_pairs_of(library, action["id"]), undo_label=action["label"])


def _apply(library: Library, action_id: int, kind: ActionKind, image: Literal["before", "after"]) -> None:
    assignments = ", ".join(f"{name} = json_extract(action_pairs.{image}, '$.{name}')" for name in _COLUMNS[kind])
    library.execute(
        f"UPDATE pairs SET {assignments} FROM action_pairs"
        " WHERE action_pairs.action_id = ? AND pairs.id = action_pairs.pair_id",
        (action_id,),
    )


def _pairs_of(library: Library, action_id: int) -> tuple[int, ...]:
    rows = library.rows("SELECT pair_id FROM action_pairs WHERE action_id = ? ORDER BY pair_id", (action_id,))
    return tuple(row["pair_id"] for row in rows)
