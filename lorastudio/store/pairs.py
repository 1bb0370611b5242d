"""Pairs: adding, reading, deciding, rewriting.

Listing and counting are in `pair_listing`, splits and merges in `pair_reshaping`, undo in `actions`, whole files in
`imports`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from lorastudio.domain.changes import Changes
from lorastudio.domain.errors import KnownError
from lorastudio.domain.history import Actor
from lorastudio.domain.messages import Conversation, as_records, from_records
from lorastudio.domain.pair import Decider, NewPair, Origin, Pair, PairOrder, PairState
from lorastudio.domain.pair_filter import EVERY_PAIR, PairFilter
from lorastudio.store.actions import ActionKind, ActionState, PairEdit, change_columns, change_states, redo, undo
from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library
from lorastudio.store.pair_listing import count_pairs, pair_ids
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
    "rewrite_pairs",
    "undo",
]


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
    chosen: PairFilter = EVERY_PAIR,
    *,
    order: PairOrder = PairOrder.ARRIVAL,
    limit: int | None = None,
    after_id: int = 0,
) -> list[Pair]:
    """The pairs that a filter means, at most `limit`, from the one after `after_id` on in this order.

    Page by giving the last id seen.
    """
    with library.snapshot():
        return get_pairs(library, pair_ids(library, chosen, order=order, limit=limit, after_id=after_id))


def get_pairs(library: Library, ids: Iterable[int]) -> list[Pair]:
    """The pairs of these ids in their order; those that are not there (any more) are left out."""
    rows = library.rows(
        f"{SELECT_PAIRS} json_each(:ids)"
        f" CROSS JOIN pairs ON pairs.id = json_each.value {JOIN_GROUPS} WHERE {VISIBLE} ORDER BY json_each.key",
        {"ids": to_json(list(ids))},
    )
    return [as_pair(row) for row in rows]


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
        )
        return rewrite_pairs(library, ActionKind.EDIT, f"edit of pair {pair_id}", [(old, new)])


def rewrite_pairs(
    library: Library, kind: ActionKind, label: str, rewritten: Sequence[tuple[Pair, Pair]], who: Actor = Actor.PERSON
) -> Changes:
    """Change what pairs say, each given as it was and as it becomes, as one undo step; without a change it is none.

    Their origin becomes EDITED, `get_original` gives what they were. KnownError when one would say what another
    says, or said before an edit.
    """
    with library.transaction():
        edits = []
        for old, new in rewritten:
            digest = pair_hash(new)
            if (digest, new.extra) != (old.text_hash, old.extra):
                _reserve_texts(library, old.id, old.text_hash, digest)
                after = replace(new, origin=Origin.EDITED, text_hash=digest)
                edits.append(PairEdit(old.id, _image(old), _image(after)))
        return change_columns(library, label, edits, kind, who)


def get_original(library: Library, pair_id: int) -> Pair | None:
    """An edited pair with the texts it had before its first edit; None when it was never edited."""
    pair = get_pair(library, pair_id)
    first = library.value(
        "SELECT before FROM action_pairs JOIN actions ON actions.id = action_pairs.action_id"
        " WHERE pair_id = ? AND kind IN (?, ?) AND state = ? ORDER BY action_id LIMIT 1",
        (pair_id, ActionKind.EDIT, ActionKind.SWAP, ActionState.DONE),
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


def _image(pair: Pair) -> dict[str, Any]:
    return {
        "prompt": to_json(as_records(pair.prompt)),
        "good": pair.good,
        "bad": pair.bad,
        "origin": pair.origin,
        "lint": to_json(pair.lint),
        "text_hash": pair.text_hash,
        "extra": to_json(pair.extra),
        "margin": pair.margin,
        "confidence": pair.confidence,
        "iteration": pair.iteration,
        "good_draft_id": pair.good_draft_id,
        "bad_draft_id": pair.bad_draft_id,
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
