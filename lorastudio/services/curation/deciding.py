"""Accepting, rejecting and reopening pairs: those that are named, or all that a filter means."""

from __future__ import annotations

from collections.abc import Iterable

from lorastudio.domain.changes import Changes
from lorastudio.domain.pair import Decider, PairState
from lorastudio.domain.pair_filter import PairFilter
from lorastudio.store import pairs
from lorastudio.store.library import Library
from lorastudio.store.settings import get_setting

MIN_CONFIDENCE = 0.8
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
    """Put every waiting pair into `state`: all of them as a person's bulk decision, or those with at least
    `min_confidence` by the confidence rule. One undo step."""
    waiting = PairFilter(states=(PairState.PENDING,), min_confidence=min_confidence)
    return decide_filtered(library, waiting, state, Decider.BULK if min_confidence is None else Decider.RULE)


def accept_all_pending(library: Library, min_confidence: float, *, cycle_id: int | None = None) -> Changes:
    """Accept by the confidence rule what nobody has looked at, everywhere or in one cycle. One undo step."""
    cycles = () if cycle_id is None else (cycle_id,)
    waiting = PairFilter(states=(PairState.PENDING,), min_confidence=min_confidence, cycles=cycles)
    return decide_filtered(library, waiting, PairState.ACCEPTED, Decider.RULE)
