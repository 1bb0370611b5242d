"""Whether there are enough good pairs to train on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from lorastudio.datasets.lint import Finding
from lorastudio.domain.pair import Decider, PairState, Split
from lorastudio.domain.pair_filter import PairFilter
from lorastudio.services.confidence import read_confidence
from lorastudio.services.curation.deciding import minimum_confidence
from lorastudio.store.library import Library
from lorastudio.store.pair_listing import count_by_findings, count_pairs
from lorastudio.store.settings import get_setting

NEEDED_PAIRS = 1000
EARLY_VERSION_PAIRS = 50
_BY_A_PERSON = (Decider.PERSON, Decider.BULK)
_BY_NO_PERSON = (Decider.RULE, Decider.NOBODY)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether there are enough pairs to train a full version. It is advice, never a lock.

    `accepted` counts the pairs that count: accepted, no near-duplicate, not quarantined, and accepted by a
    person or with a confidence worth at least `min_confidence`. `reasons` says in words what is missing.
    """

    ready: bool
    accepted: int
    needed: int
    min_confidence: float
    reasons: tuple[str, ...]


def readiness(library: Library) -> Readiness:
    """How the accepted pairs stand to the number that is needed (a setting)."""
    needed = int(get_setting(library, "needed_pairs", NEEDED_PAIRS))
    least = minimum_confidence(library)
    with library.snapshot():
        counted, tally = _tally(library, least)
        waiting = count_pairs(library)[PairState.PENDING]
    reasons = [] if counted >= needed else [f"Accepted pairs still needed: {needed - counted}."]
    if counted < needed:
        reasons += [f"Accepted pairs that don't count ({why}): {count}." for why, count in sorted(tally.items())]
        if waiting:
            reasons.append(f"Pairs that wait for review: {waiting}.")
        if counted >= EARLY_VERSION_PAIRS:
            reasons.append("An early version can be trained now.")
    return Readiness(counted >= needed, counted, needed, least, tuple(reasons))


def _tally(library: Library, least: float) -> tuple[int, Counter[str]]:
    """How many accepted pairs count, and how many don't for each reason."""
    accepted = PairFilter(states=(PairState.ACCEPTED,))
    usable = replace(accepted, splits=tuple(split for split in Split if split is not Split.QUARANTINED))
    unseen = replace(usable, deciders=_BY_NO_PERSON)
    near_heldout, near_others, plain = _by_neighbours(library, usable)
    sure = sum(_by_neighbours(library, worth)[2] for worth in read_confidence(library).worth(least, unseen))
    unsure = _by_neighbours(library, unseen)[2] - sure
    quarantined = count_pairs(library, replace(accepted, splits=(Split.QUARANTINED,)))[PairState.ACCEPTED]
    reasons = {
        "near held-out text": quarantined + near_heldout,
        "near-duplicates of others": near_others,
        f"confidence under {least:g}, and no person accepted them": unsure,
    }
    return plain - unsure, Counter({why: count for why, count in reasons.items() if count})


def _by_neighbours(library: Library, chosen: PairFilter) -> tuple[int, int, int]:
    """How many pairs are near held-out text, how many of the others near other pairs, and how many are neither."""
    near_heldout = near_others = plain = 0
    for names, count in count_by_findings(library, chosen).items():
        if Finding.HELDOUT_CLASH in names:
            near_heldout += count
        elif Finding.NEAR_DUPLICATE in names:
            near_others += count
        else:
            plain += count
    return near_heldout, near_others, plain
