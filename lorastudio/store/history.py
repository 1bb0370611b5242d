"""The history of pairs: what was done, by whom and when, overall and for one pair."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable

from lorastudio.domain.history import ActionEntry, ActionKind, ActionState, Actor, PairEntry, Turn
from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library
from lorastudio.store.pair_rows import Hidden
from lorastudio.store.pairs import get_original, get_pair


def list_actions(library: Library, *, limit: int | None = None, before_id: int | None = None) -> list[ActionEntry]:
    """What was done to pairs, the last first: at most `limit`, from the one before `before_id` on."""
    rows = library.rows(
        "SELECT * FROM actions WHERE :before IS NULL OR id < :before ORDER BY id DESC LIMIT :limit",
        {"before": before_id, "limit": -1 if limit is None else limit},
    )
    turns = _turns(library, (row["id"] for row in rows))
    return [
        ActionEntry(
            id=row["id"],
            kind=ActionKind(row["kind"]),
            label=row["label"],
            who=Actor(row["who"]),
            at=row["done_at"],
            state=ActionState(row["state"]),
            num_pairs=row["num_pairs"],
            turns=turns[row["id"]],
        )
        for row in rows
    ]


def list_pair_history(library: Library, pair_id: int) -> list[PairEntry]:
    """What happened to a pair, the oldest first, undone things too. KnownError when there is no such pair."""
    with library.snapshot():
        pair = get_pair(library, pair_id)
        origin = (get_original(library, pair_id) or pair).origin
        rows = library.rows(
            "SELECT actions.*, action_pairs.before, action_pairs.after FROM action_pairs"
            " JOIN actions ON actions.id = action_pairs.action_id WHERE action_pairs.pair_id = ?"
            # Several files that came in together are one action, that of the first.
            " UNION ALL SELECT actions.*, '{}', '{}' FROM actions WHERE kind = ? AND actions.import_id ="
            " (SELECT ifnull(part_of, id) FROM imports WHERE id = ?) ORDER BY actions.id",
            (pair_id, ActionKind.IMPORT, pair.import_id),
        )
        turns = _turns(library, (row["id"] for row in rows))
    entries = [_entry(row, turns[row["id"]]) for row in rows]
    if any(entry.before.get("hidden") == Hidden.UNMADE for entry in entries):  # a part of an imported pair
        return [entry for entry in entries if entry.what != ActionKind.IMPORT]
    if pair.import_id is not None:
        return entries
    return [PairEntry(origin.value, None, pair.created_at, "came in", ActionState.DONE, {}, {}), *entries]


def _entry(row: sqlite3.Row, turns: tuple[Turn, ...]) -> PairEntry:
    return PairEntry(
        what=row["kind"],
        who=Actor(row["who"]),
        at=row["done_at"],
        label=row["label"],
        state=ActionState(row["state"]),
        before=from_json(row["before"]),
        after=from_json(row["after"]),
        turns=turns,
    )


def _turns(library: Library, action_ids: Iterable[int]) -> defaultdict[int, tuple[Turn, ...]]:
    found: defaultdict[int, tuple[Turn, ...]] = defaultdict(tuple)
    for row in library.rows(
        "SELECT * FROM action_turns WHERE action_id IN (SELECT value FROM json_each(?)) ORDER BY id",
        (to_json(list(action_ids)),),
    ):
        found[row["action_id"]] += (Turn(ActionState(row["state"]), row["turned_at"]),)
    return found
