"""Pairs: adding, listing, searching, deciding, editing. Undo is in `actions`, adding a whole file in `imports`."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from lorastudio.domain.changes import Changes
from lorastudio.domain.errors import KnownError
from lorastudio.domain.messages import Conversation, as_records, from_records
from lorastudio.domain.pair import Decider, NewPair, Origin, Pair, PairOrder, PairState, Split
from lorastudio.store.actions import ActionKind, ActionState, PairEdit, change_columns, change_states, redo, undo
from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library
from lorastudio.store.pair_rows import (
    JOIN_GROUPS,
    SELECT_PAIRS,
    VISIBLE,
    AddedPairs,
    as_pair,
    insert_pairs,
    pair_hash,
    taken_hashes,
)

__all__ = [
    "AddedPairs",
    "add_pairs",
    "count_pairs",
    "decide_pairs",
    "edit_pair",
    "get_original",
    "get_pair",
    "get_pairs",
    "list_pairs",
    "pair_hash",
    "pair_ids",
    "redo",
    "undo",
]


_SEARCHED_PAIRS = "pair_index CROSS JOIN pairs ON pairs.id = pair_index.rowid"
_ORDERS = {
    PairOrder.ARRIVAL: "pairs.id",
    PairOrder.MARGIN: "pairs.margin DESC, pairs.id",
    PairOrder.CONFIDENCE: "pairs.confidence DESC, pairs.id",
}


def add_pairs(
    library: Library,
    pairs: Sequence[NewPair],
    *,
    state: PairState = PairState.PENDING,
    decided_by: Decider = Decider.NOBODY,
) -> AddedPairs:
    """Add those pairs that are new. Every group must have its split (`groups.assign_splits`) before.

    A pair that is equal to one in the library, or to what that was before an edit, counts as duplicate.
    """
    return insert_pairs(library, pairs, state=state, decider=decided_by, import_id=None)


def list_pairs(
    library: Library,
    *,
    state: PairState | None = None,
    search: str | None = None,
    limit: int | None = None,
    after_id: int = 0,
    cycle_id: int | None = None,
    splits: Collection[Split] | None = None,
) -> list[Pair]:
    """Pairs by id, at most `limit`, from the one after `after_id` on: page by giving the last id seen.

    `search` holds beginnings of words, all of which must occur in prompt, good or bad; case and accents
    don't count.
    """
    words = (search or "").split()
    # The index runs in the order of ids, so a page of a common word needs no sort.
    table, key = (_SEARCHED_PAIRS, "pair_index.rowid") if words else ("pairs", "pairs.id")
    conditions = {
        VISIBLE: True,
        f"{key} > :after_id": True,
        "pair_index MATCH :match": bool(words),
        "pairs.state = :state": state is not None,
        "pairs.cycle_id = :cycle_id": cycle_id is not None,
        "groups.split IN (SELECT value FROM json_each(:splits))": splits is not None,
    }
    where = " AND ".join(condition for condition, wanted in conditions.items() if wanted)
    rows = library.rows(
        f"{SELECT_PAIRS} {table} {JOIN_GROUPS} WHERE {where} ORDER BY {key} LIMIT :limit",
        {
            "after_id": after_id,
            "match": _match(words),
            "state": state,
            "cycle_id": cycle_id,
            "splits": to_json(list(splits or ())),
            "limit": -1 if limit is None else limit,
        },
    )
    return [as_pair(row) for row in rows]


def pair_ids(
    library: Library,
    *,
    state: PairState | None = None,
    search: str | None = None,
    order: PairOrder = PairOrder.ARRIVAL,
    min_confidence: float | None = None,
) -> array[int]:
    """The ids alone ("q": 8 bytes each), for lists too long to be held as pairs. `search` as in `list_pairs`."""
    words = (search or "").split()
    conditions = {
        VISIBLE: True,
        "pair_index MATCH :match": bool(words),
        "pairs.state = :state": state is not None,
        "pairs.confidence >= :least": min_confidence is not None,
    }
    where = " AND ".join(condition for condition, wanted in conditions.items() if wanted)
    rows = library.rows(
        f"SELECT pairs.id FROM {_SEARCHED_PAIRS if words else 'pairs'} WHERE {where} ORDER BY {_ORDERS[order]}",
        {"match": _match(words), "state": state, "least": min_confidence},
    )
    return array("q", (row[0] for row in rows))


def get_pairs(library: Library, ids: Iterable[int]) -> list[Pair]:
    """The pairs of these ids in their order; those that are not there (any more) are left out."""
    rows = library.rows(
        f"{SELECT_PAIRS} json_each(:ids)"
        f" CROSS JOIN pairs ON pairs.id = json_each.value {JOIN_GROUPS} WHERE {VISIBLE} ORDER BY json_each.key",
        {"ids": to_json(list(ids))},
    )
    return [as_pair(row) for row in rows]


def count_pairs(library: Library) -> dict[PairState, int]:
    """How many pairs there are in each state, zeros included."""
    rows = library.rows(f"SELECT state, count(*) AS pairs FROM pairs WHERE {VISIBLE} GROUP BY state")
    return dict.fromkeys(PairState, 0) | {PairState(row["state"]): row["pairs"] for row in rows}


def get_pair(library: Library, pair_id: int) -> Pair:
    """The pair; KnownError when there is none."""
    row = library.row(f"{SELECT_PAIRS} pairs {JOIN_GROUPS} WHERE pairs.id = ? AND {VISIBLE}", (pair_id,))
    if row is None:
        raise _no_pair(pair_id)
    return as_pair(row)


def decide_pairs(library: Library, ids: Iterable[int], state: PairState, decider: Decider, label: str) -> Changes:
    """Put pairs into `state` as one undo step called `label`; those that are there already are left out.

    KnownError when one of the ids is of no pair; nothing is changed then.
    """
    wanted = sorted(set(ids))
    with library.transaction():
        unknown = library.value(
            "SELECT min(value) FROM json_each(?)"
            f" WHERE NOT EXISTS (SELECT 1 FROM pairs WHERE pairs.id = json_each.value AND {VISIBLE})",
            (to_json(wanted),),
        )
        if unknown is not None:
            raise _no_pair(unknown)
        return change_states(library, label, state, decider, wanted)


def edit_pair(
    library: Library,
    pair_id: int,
    *,
    good: str | None = None,
    bad: str | None = None,
    prompt: Conversation | None = None,
    lint: tuple[str, ...] | None = None,
) -> Changes:
    """Change the texts of a pair as one undo step; None leaves a text (or the lint findings) as it is.

    The pair keeps its state; its origin becomes EDITED, `get_original` gives what it was. KnownError when
    another pair says the same already.
    """
    with library.transaction():
        old = get_pair(library, pair_id)
        new = replace(
            old,
            prompt=old.prompt if prompt is None else prompt,
            good=old.good if good is None else good,
            bad=old.bad if bad is None else bad,
            lint=old.lint if lint is None else lint,
            origin=Origin.EDITED,
        )
        new = replace(new, text_hash=pair_hash(new))
        if new.text_hash == old.text_hash:
            return Changes()
        _reserve_texts(library, pair_id, old.text_hash, new.text_hash)
        return change_columns(library, f"edit of pair {pair_id}", [PairEdit(pair_id, _image(old), _image(new))])


def get_original(library: Library, pair_id: int) -> Pair | None:
    """An edited pair with the texts it had before its first edit; None when it was never edited."""
    pair = get_pair(library, pair_id)
    first = library.value(
        "SELECT before FROM action_pairs JOIN actions ON actions.id = action_pairs.action_id"
        " WHERE pair_id = ? AND kind = ? AND state = ? ORDER BY action_id LIMIT 1",
        (pair_id, ActionKind.EDIT, ActionState.DONE),
    )
    if first is None:
        return None
    image = from_json(first)
    return replace(
        pair,
        prompt=from_records(from_json(image["prompt"])),
        good=image["good"],
        bad=image["bad"],
        origin=Origin(image["origin"]),
        lint=tuple(from_json(image["lint"])),
        text_hash=image["text_hash"],
    )


def _match(words: Sequence[str]) -> str:
    """The words as FTS5 reads them: each may go on, and none is an operator."""
    return " ".join(f'"{word.replace(chr(34), chr(34) * 2)}"*' for word in words)


def _image(pair: Pair) -> dict[str, Any]:
    return {
        "prompt": to_json(as_records(pair.prompt)),
        "good": pair.good,
        "bad": pair.bad,
        "origin": pair.origin,
        "lint": to_json(pair.lint),
        "text_hash": pair.text_hash,
    }


def _reserve_texts(library: Library, pair_id: int, *hashes: str) -> None:
    """Keep the texts for the pair, so that undo and redo always find their place free."""
    for owner in taken_hashes(library, hashes, staged_too=False).values():
        if owner != pair_id:
            raise KnownError(f"Pair {owner} says, or said before an edit, the same already.", "Reject one of the two.")
    library.execute_many(
        "INSERT INTO edited_texts (text_hash, pair_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(digest, pair_id) for digest in hashes],
    )


def _no_pair(pair_id: int) -> KnownError:
    return KnownError(f"There is no pair {pair_id}.", "`lorastudio pairs` lists them.")
