"""Curation: what is decided about pairs, and whether there are enough of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from lorastudio.datasets.lint import Finding, lint
from lorastudio.domain.changes import Changes
from lorastudio.domain.errors import UsageError
from lorastudio.domain.messages import Conversation
from lorastudio.domain.pair import Decider, Pair, PairState, Split
from lorastudio.services.arrivals import every_pair
from lorastudio.store import pairs
from lorastudio.store.library import Library
from lorastudio.store.settings import get_setting

NEEDED_PAIRS = 1000
MIN_CONFIDENCE = 0.8
EARLY_VERSION_PAIRS = 50
_NOUNS = {PairState.ACCEPTED: "acceptance", PairState.REJECTED: "rejection", PairState.PENDING: "reopening"}
_BY_A_PERSON = (Decider.PERSON, Decider.BULK)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether there are enough pairs to train a full version. It is advice, never a lock.

    `accepted` counts the pairs that count: accepted, no near-duplicate, not quarantined, and accepted by a
    person or with at least `min_confidence`. `reasons` says in words what is missing.
    """

    ready: bool
    accepted: int
    needed: int
    min_confidence: float
    reasons: tuple[str, ...]


def minimum_confidence(library: Library) -> float:
    """What a pair that nobody saw needs to be accepted, 0..1 (a setting)."""
    return float(get_setting(library, "min_confidence", MIN_CONFIDENCE))


def readiness(library: Library) -> Readiness:
    """How the accepted pairs stand to the number that is needed (a setting)."""
    needed = int(get_setting(library, "needed_pairs", NEEDED_PAIRS))
    least = minimum_confidence(library)
    tally = Counter(_why_not(pair, least) for pair in every_pair(library, state=PairState.ACCEPTED))
    counted = tally.pop("", 0)
    reasons = [] if counted >= needed else [f"Accepted pairs still needed: {needed - counted}."]
    if counted < needed:
        reasons += [f"Accepted pairs that don't count ({why}): {count}." for why, count in sorted(tally.items())]
        if waiting := pairs.count_pairs(library)[PairState.PENDING]:
            reasons.append(f"Pairs that wait for review: {waiting}.")
        if counted >= EARLY_VERSION_PAIRS:
            reasons.append("An early version can be trained now.")
    return Readiness(counted >= needed, counted, needed, least, tuple(reasons))


def decide(library: Library, ids: Iterable[int], state: PairState, decider: Decider) -> Changes:
    """Put pairs into `state`, as one undo step. KnownError when one of them does not exist."""
    wanted = sorted(set(ids))
    what = f"pair {wanted[0]}" if len(wanted) == 1 else f"{len(wanted)} pairs"
    return pairs.decide_pairs(library, wanted, state, decider, f"{_NOUNS[state]} of {what}")


def decide_all_pending(library: Library, state: PairState, min_confidence: float | None) -> Changes:
    """Put every waiting pair into `state`: all of them as a person's bulk decision, or those with at least
    `min_confidence` by the confidence rule. One undo step."""
    if min_confidence is None:
        waiting = [pair.id for pair in every_pair(library, state=PairState.PENDING)]
        return decide(library, waiting, state, Decider.BULK)
    return decide(library, _confident(library, min_confidence, None), state, Decider.RULE)


def accept_all_pending(library: Library, min_confidence: float, *, cycle_id: int | None = None) -> Changes:
    """Accept by the confidence rule what nobody has looked at, everywhere or in one cycle. One undo step."""
    return decide(library, _confident(library, min_confidence, cycle_id), PairState.ACCEPTED, Decider.RULE)


def edit_pair(
    library: Library,
    pair_id: int,
    *,
    good: str | None = None,
    bad: str | None = None,
    prompt: Conversation | None = None,
) -> Changes:
    """Change the texts of a pair (None leaves one as it is), as one undo step; the findings are made anew.

    `UsageError` for an empty text, and when good and bad would be the same.
    """
    with library.transaction():
        old = pairs.get_pair(library, pair_id)
        new_good, new_bad = good if good is not None else old.good, bad if bad is not None else old.bad
        texts = [new_good, new_bad, *(message.content for message in prompt or ())]
        if any(text is not None and not text.strip() for text in texts):
            raise UsageError("A text of a pair can't be empty.", "Reject the pair if it is of no use.")
        if new_good == new_bad:
            raise UsageError("Good and bad answer would be the same text.", "Make them differ, or reject the pair.")
        findings = lint(prompt or old.prompt, new_good, new_bad)
        # Those that came from comparing with other pairs stay: the neighbours are still there.
        kept = [finding for finding in (Finding.NEAR_DUPLICATE, Finding.HELDOUT_CLASH) if finding in old.lint]
        return pairs.edit_pair(library, pair_id, good=good, bad=bad, prompt=prompt, lint=(*findings, *kept))


def undo(library: Library) -> Changes:
    """Take back the last decision, edit or import. KnownError when there is nothing to take back."""
    return pairs.undo(library)


def _confident(library: Library, least: float, cycle_id: int | None) -> list[int]:
    waiting = every_pair(library, state=PairState.PENDING, cycle_id=cycle_id)
    return [pair.id for pair in waiting if pair.confidence is not None and pair.confidence >= least]


def _why_not(pair: Pair, min_confidence: float) -> str:
    """Why an accepted pair does not count; empty when it does."""
    if pair.split is Split.QUARANTINED or Finding.HELDOUT_CLASH in pair.lint:
        return "near held-out text"
    if Finding.NEAR_DUPLICATE in pair.lint:
        return "near-duplicates of others"
    if pair.decided_by not in _BY_A_PERSON and (pair.confidence is None or pair.confidence < min_confidence):
        return f"confidence under {min_confidence:g}, and no person accepted them"
    return ""
