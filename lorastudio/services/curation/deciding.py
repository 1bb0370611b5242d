"""Accepting, rejecting and reopening pairs: those that are named, or all that a filter means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lorastudio.domain.changes import Changes
from lorastudio.domain.pair import Decider, PairState
from lorastudio.domain.pair_filter import PairFilter
from lorastudio.services.confidence import read_confidence
from lorastudio.store import pairs
from lorastudio.store.library import Library
from lorastudio.store.settings import get_setting

MIN_CONFIDENCE = 0.8
_WAITING = PairFilter(states=(PairState.PENDING,))
_NOUNS = {PairState.ACCEPTED: "acceptance", PairState.REJECTED: "rejection", PairState.PENDING: "reopening"}


def minimum_confidence(library: Library) -> float:
    """What a pair that nobody saw needs to be accepted, 0..1 (a setting)."""
    return float(get_setting(library, "min_confidence", MIN_CONFIDENCE))


def decide(library: Library, ids: Iterable[int], state: PairState, decider: Decider) -> Changes:
    """Put pairs into `state`, as one undo step. KnownError when one of them does not exist."""
    wanted = sorted(set(ids))
    what = f"pair {wanted[0]}" if len(wanted) == 1 else f"{len(wanted)} pairs"
    return pairs.decide_pairs(library, wanted, state, decider, f"{_NOUNS[state]} of {what}")


def decide_filtered(library: Library, chosen: PairFilter, state: PairState, decider: Decider = Decider.BULK) -> Changes:
    """Put all pairs that a filter means into `state`, as one undo step; `count_pairs` tells how many, before."""
    with library.transaction():
        return decide(library, pairs.pair_ids(library, chosen), state, decider)


def decide_all_pending(library: Library, state: PairState, min_confidence: float | None) -> Changes:
    """Put every waiting pair into `state`: all of them as a person's bulk decision, or those whose confidence is
    worth `min_confidence` by the confidence rule. One undo step."""
    if min_confidence is None:
        return decide_filtered(library, _WAITING, state, Decider.BULK)
    return _decide_worth(library, _WAITING, state, min_confidence)


def accept_all_pending(library: Library, min_confidence: float, *, cycle_id: int | None = None) -> Changes:
    """Accept by the confidence rule what nobody has looked at, everywhere or in one cycle. One undo step."""
    cycles = () if cycle_id is None else (cycle_id,)
    return _decide_worth(library, replace(_WAITING, cycles=cycles), PairState.ACCEPTED, min_confidence)


def _decide_worth(library: Library, chosen: PairFilter, state: PairState, least: float) -> Changes:
    with library.transaction():
        filters = read_confidence(library).worth(least, chosen)
        ids = [pair_id for worth in filters for pair_id in pairs.pair_ids(library, worth)]
        return decide(library, ids, state, Decider.RULE)
