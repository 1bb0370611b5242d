"""What a person did to pairs, so that it can be taken back.

The log is only added to: an action keeps the images of its pairs before and after, and only its state
changes. Actions are taken back from the last to the first and done again from the first to the last; a new
action ends what can be done again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lorastudio.domain.changes import Changes
from lorastudio.domain.clock import now
from lorastudio.domain.errors import KnownError
from lorastudio.domain.history import ActionKind, ActionState, Actor, UndoState
from lorastudio.domain.pair import Decider, PairState
from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library

__all__ = [
    "ActionKind",
    "ActionState",
    "PairEdit",
    "change_columns",
    "change_states",
    "log_action",
    "redo",
    "undo",
    "undo_state",
]

Image = Literal["before", "after"]

# What an image of an edit may hold; it holds those that changed.
_EDITED_COLUMNS = (
    "prompt", "good", "bad", "origin", "lint", "text_hash", "language", "group_id", "extra", "hidden", "state",
    "decided_by", "margin", "confidence", "iteration", "good_draft_id", "bad_draft_id",
)  # fmt: skip
_NEXT_UNDONE = "SELECT * FROM actions WHERE state = 'done' ORDER BY id DESC LIMIT 1"
_NEXT_REDONE = "SELECT * FROM actions WHERE state = 'undone' ORDER BY id LIMIT 1"


@dataclass(frozen=True, slots=True)
class PairEdit:
    """A pair's columns before and after an edit: the same columns in both, as they stand in the table."""

    pair_id: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def change_states(library: Library, label: str, state: PairState, decider: Decider, ids: Sequence[int]) -> Changes:
    """Decide on pairs as one action. Those that are decided so already are left out; if all are, nothing is logged."""
    others = (
        "FROM pairs WHERE pairs.id IN (SELECT value FROM json_each(:ids))"
        " AND (pairs.state <> :state OR pairs.decided_by <> :decider)"
    )
    parameters = {"ids": to_json(ids), "state": state, "decider": decider}
    with library.transaction():
        if library.row(f"SELECT 1 {others} LIMIT 1", parameters) is None:
            return Changes()
        who = Actor.PERSON if decider is Decider.NOBODY else Actor(decider)
        action_id = log_action(library, ActionKind.DECIDE, label, who=who)
        touched = library.execute(
            "INSERT INTO action_pairs (action_id, pair_id, before, after) SELECT :action_id, pairs.id,"
            " json_object('state', pairs.state, 'decided_by', pairs.decided_by),"
            f" json_object('state', :state, 'decided_by', :decider) {others}",
            {**parameters, "action_id": action_id},
        )
        library.execute("UPDATE actions SET num_pairs = ? WHERE id = ?", (touched, action_id))
        _apply_states(library, action_id, "after")
        return Changes(pairs=_pairs_of(library, action_id), undo_label=label)


def change_columns(
    library: Library,
    label: str,
    edits: Sequence[PairEdit],
    kind: ActionKind = ActionKind.EDIT,
    who: Actor = Actor.PERSON,
) -> Changes:
    """Change any number of pairs as one action; without edits nothing is logged.

    The images of an EDIT hold all texts: the first one is what the pair was originally.
    """
    if not edits:
        return Changes()
    with library.transaction():
        action_id = log_action(library, kind, label, who=who, num_pairs=len(edits))
        library.execute_many(
            "INSERT INTO action_pairs (action_id, pair_id, before, after) VALUES (?, ?, ?, ?)",
            [(action_id, edit.pair_id, to_json(dict(edit.before)), to_json(dict(edit.after))) for edit in edits],
        )
        _apply_columns(library, action_id, "after")
        return Changes(pairs=tuple(sorted(edit.pair_id for edit in edits)), undo_label=label)


def log_action(
    library: Library,
    kind: ActionKind,
    label: str,
    import_id: int | None = None,
    *,
    who: Actor = Actor.PERSON,
    num_pairs: int = 0,
) -> int:
    """Write down that something was done, by whom and to how many pairs; returns the action's id."""
    with library.transaction():
        library.execute("UPDATE actions SET state = ? WHERE state = ?", (ActionState.DISCARDED, ActionState.UNDONE))
        return library.insert(
            "actions",
            {
                "kind": kind,
                "label": label,
                "import_id": import_id,
                "state": ActionState.DONE,
                "done_at": now(),
                "who": who,
                "num_pairs": num_pairs,
            },
        )


def undo(library: Library) -> Changes:
    """Take back the last action that was not taken back; `undo_label` names it. KnownError when there is none."""
    with library.transaction():
        action = library.row(_NEXT_UNDONE)
        if action is None:
            raise KnownError("There is nothing to undo.")
        return _turn(library, action, ActionState.UNDONE)


def redo(library: Library) -> Changes:
    """Do again what `undo` took back last; `undo_label` names it. KnownError when there is none."""
    with library.transaction():
        action = library.row(_NEXT_REDONE)
        if action is None:
            raise KnownError("There is nothing to redo.")
        return _turn(library, action, ActionState.DONE)


def undo_state(library: Library) -> UndoState:
    """What `undo` and `redo` would do now."""
    undone, redone = library.row(_NEXT_UNDONE), library.row(_NEXT_REDONE)
    return UndoState(undone["label"] if undone else "", redone["label"] if redone else "")


def _turn(library: Library, action: sqlite3.Row, state: Literal[ActionState.DONE, ActionState.UNDONE]) -> Changes:
    library.execute("UPDATE actions SET state = ? WHERE id = ?", (state, action["id"]))
    library.insert("action_turns", {"action_id": action["id"], "state": state, "turned_at": now()})
    done, kind = state is ActionState.DONE, ActionKind(action["kind"])
    if kind is ActionKind.IMPORT:
        import_id = action["import_id"]
        library.execute(
            "UPDATE imports SET state = :state WHERE :id IN (id, part_of)",
            {"state": "committed" if done else "undone", "id": import_id},
        )
        ids = library.integers(
            "SELECT id FROM pairs WHERE import_id IN (SELECT id FROM imports WHERE ? IN (id, part_of)) ORDER BY id",
            (import_id,),
        )
        return Changes(pairs=tuple(ids), undo_label=action["label"])
    apply = _apply_states if kind is ActionKind.DECIDE else _apply_columns
    apply(library, action["id"], "after" if done else "before")
    return Changes(pairs=_pairs_of(library, action["id"]), undo_label=action["label"])


def _apply_states(library: Library, action_id: int, image: Image) -> None:
    library.execute(
        f"UPDATE pairs SET state = json_extract(action_pairs.{image}, '$.state'),"
        f" decided_by = json_extract(action_pairs.{image}, '$.decided_by') FROM action_pairs"
        " WHERE action_pairs.action_id = ? AND pairs.id = action_pairs.pair_id",
        (action_id,),
    )


def _apply_columns(library: Library, action_id: int, image: Image) -> None:
    # Not by SQLite's JSON functions, which end a text at its first NUL.
    for row in library.rows(f"SELECT pair_id, {image} FROM action_pairs WHERE action_id = ?", (action_id,)):
        values = from_json(row[image])
        assignments = ", ".join(f"{name} = :{name}" for name in _EDITED_COLUMNS if name in values)
        library.execute(f"UPDATE pairs SET {assignments} WHERE id = :pair_id", {**values, "pair_id": row["pair_id"]})


def _pairs_of(library: Library, action_id: int) -> tuple[int, ...]:
    return tuple(
        library.integers("SELECT pair_id FROM action_pairs WHERE action_id = ? ORDER BY pair_id", (action_id,))
    )
