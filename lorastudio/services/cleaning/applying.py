"""A decision on one pair, applied to its near-duplicates too."""

from __future__ import annotations

from dataclasses import dataclass

from lorastudio.datasets.neighbours import PairIndex, views
from lorastudio.domain.changes import Changes
from lorastudio.domain.errors import KnownError
from lorastudio.domain.pair import Decider, Pair, PairState
from lorastudio.services import curation
from lorastudio.store.clusters import ClusterKind, cluster_of, count_pairs_after, last_look
from lorastudio.store.library import Library
from lorastudio.store.pairs import get_pair, get_pairs


@dataclass(frozen=True, slots=True)
class NearPairs:
    """The near-duplicates of a pair, those `by_hand` being decided on by a person already, each by id.

    `not_looked_at` pairs have come in since the last look for near-duplicates.
    """

    pair_id: int
    ids: tuple[int, ...]
    by_hand: tuple[int, ...]
    not_looked_at: int


def near_duplicates(library: Library, pair_id: int) -> NearPairs:
    """The pairs that are near-duplicates of this one as they are now, by the last look.

    By words they are compared again, since either may have been edited; what embeddings linked is taken as it was
    found. `KnownError` when there is no such pair, or when nobody has looked yet.
    """
    pair = get_pair(library, pair_id)
    look = last_look(library, ClusterKind.DUPLICATES)
    if look is None:
        raise KnownError("Near-duplicates were not looked for yet.", "Run `lorastudio clean duplicates`.")
    others = get_pairs(library, cluster_of(library, ClusterKind.DUPLICATES, pair_id))
    if look.method == "minhash":
        others = _still_near(pair, others)
    return NearPairs(
        pair_id,
        tuple(other.id for other in others),
        tuple(other.id for other in others if other.decided_by is Decider.PERSON),
        count_pairs_after(library, look.last_pair_id),
    )


def apply_to_near(library: Library, pair_id: int, state: PairState) -> Changes:
    """Put the pair into `state` as a person's decision, and its near-duplicates with it; one undo step.

    Near-duplicates that a person has decided on stay as they are. `near_duplicates` tells how many it is, before.
    """
    with library.transaction():
        near = near_duplicates(library, pair_id)
        ids = [pair_id, *(other for other in near.ids if other not in near.by_hand)]
        return curation.decide(library, ids, state, Decider.BULK if len(ids) > 1 else Decider.PERSON)


def _still_near(pair: Pair, others: list[Pair]) -> list[Pair]:
    index = PairIndex()
    mine, *theirs = views([pair, *others])
    for number, seen in enumerate(theirs):
        index.add(number, seen)
    return [others[number] for number in index.twins(mine)]
