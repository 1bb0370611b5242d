"""Pairs that take the place of others: what splits and merges do, as one undo step."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lorastudio.domain.changes import Changes
from lorastudio.domain.errors import KnownError
from lorastudio.domain.history import ActionKind
from lorastudio.domain.pair import Decider, NewPair, PairState
from lorastudio.store.actions import PairEdit, change_columns
from lorastudio.store.library import Library
from lorastudio.store.pair_rows import Hidden, insert_unmade, pair_hash, taken_hashes
from lorastudio.store.pairs import get_pair


@dataclass(frozen=True, slots=True)
class MadePair:
    """A pair that is to be there, and how it is decided on."""

    pair: NewPair
    state: PairState
    decided_by: Decider


def replace_pairs(
    library: Library, kind: ActionKind, label: str, *, gone: Collection[int], made: Sequence[MadePair]
) -> Changes:
    """Take the pairs `gone` away and put the pairs `made` there, as one undo step.

    What is made and is there already, one of `gone` too, stays as it is and is not added twice; what an earlier
    split or merge took away comes back. KnownError when a pair does not exist, or when what is made was the text
    of another pair before an edit.
    """
    with library.transaction():
        leaving = {pair_id: get_pair(library, pair_id).id for pair_id in gone}
        edits = []
        for new in {pair_hash(one.pair): one for one in made}.values():
            pair_id = _owner(library, new.pair)
            if pair_id is None:
                pair_id = insert_unmade(library, new.pair, state=new.state, decider=new.decided_by)
                edits.append(PairEdit(pair_id, {"hidden": Hidden.UNMADE}, {"hidden": Hidden.NO}))
            elif (came_back := _coming_back(library, pair_id, new)) is not None:
                edits.append(came_back)
            leaving.pop(pair_id, None)
        edits += [PairEdit(pair_id, {"hidden": Hidden.NO}, {"hidden": Hidden.REPLACED}) for pair_id in leaving]
        return change_columns(library, label, edits, kind)


def _owner(library: Library, pair: NewPair) -> int | None:
    """The pair that says the same, seen or replaced; KnownError when it said so before an edit only."""
    digest = pair_hash(pair)
    pair_id = taken_hashes(library, [digest], staged_too=False).get(digest)
    if pair_id is None or library.value("SELECT text_hash FROM pairs WHERE id = ?", (pair_id,)) == digest:
        return pair_id
    raise KnownError(
        f"Pair {pair_id} said before an edit what would be made.", f"Undo that edit, or reject pair {pair_id}."
    )


def _coming_back(library: Library, pair_id: int, new: MadePair) -> PairEdit | None:
    """How a replaced pair comes back; None for one that is there."""
    row = library.row("SELECT hidden, state, decided_by FROM pairs WHERE id = ?", (pair_id,))
    if row is None or row["hidden"] == Hidden.NO:
        return None
    after = {"hidden": Hidden.NO, "state": new.state, "decided_by": new.decided_by}
    return PairEdit(pair_id, {name: row[name] for name in after}, after)
