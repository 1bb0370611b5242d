"""Pairs turned round, taken apart and looked back at, and decisions that reach their near-duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.changes import Changes
from lorastudio.domain.events import Event
from lorastudio.domain.pair import PairState

if TYPE_CHECKING:
    from lorastudio.domain.history import PairEntry
    from lorastudio.services.cleaning.applying import NearPairs
    from lorastudio.services.servers import LocalServers
    from lorastudio.store.library import Library


def swap(library: Library, pair_id: int) -> Changes:
    """Make the bad answer the good one and the other way round. Raises what `curation.swap_pairs` raises."""
    from lorastudio.services import curation

    return curation.swap_pairs(library, [pair_id])


def split(library: Library, pair_id: int) -> Changes:
    """A good-only and a bad-only example in the place of the pair. Raises what `curation.split_pairs` raises."""
    from lorastudio.services import curation

    return curation.split_pairs(library, [pair_id], curation.SplitInto.ANSWERS)


def read_history(library: Library, pair_id: int) -> list[PairEntry]:
    """What happened to the pair, the oldest first; `KnownError` when it is gone."""
    from lorastudio.store.history import list_pair_history

    return list_pair_history(library, pair_id)


def read_near(library: Library, pair_id: int) -> NearPairs:
    """Its near-duplicates; `KnownError` when nobody has looked for them yet."""
    from lorastudio.services.cleaning.applying import near_duplicates

    return near_duplicates(library, pair_id)


def look_for_near(library: Library, servers: LocalServers, cancel: CancelToken) -> Iterator[Event]:
    """Look for near-duplicates by the words that pairs share, in a process of its own; one undo step."""
    from lorastudio.services.cleaning.looks import LookName
    from lorastudio.services.data_jobs import look_apart

    yield from look_apart(library, LookName.DUPLICATES, words_only=True, cancel=cancel)


def decide_with_near(library: Library, pair_id: int, state: PairState) -> Changes:
    """Decide on the pair and on its near-duplicates that no person has decided on; one undo step."""
    from lorastudio.services.cleaning.applying import apply_to_near

    return apply_to_near(library, pair_id, state)
