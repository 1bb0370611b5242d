"""Confidence in pairs: as it was computed, and as a person's decisions have taught what it is worth.

Only the confidence in drafted pairs is calibrated, on drafted pairs that a person decided on as they were. What a file
says, and the share of teachers that agree, are figures on scales of their own; they stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lorastudio.datasets.calibration import (
    LEAST_DECISIONS,
    LEAST_OF_EACH,
    CalibrationStudy,
    Decision,
    Isotonic,
    fit_isotonic,
    study,
)
from lorastudio.domain.pair import NewPair, Origin
from lorastudio.domain.pair_filter import EVERY_PAIR, PairFilter
from lorastudio.store.decisions import list_decisions
from lorastudio.store.library import Library

# A drafted pair that was edited is not any more the one whose confidence is known: its origin says so.
CALIBRATED = (Origin.DRAFTED,)
# What a person thought long ago counts no more, and a page of pairs does not wait for more than this.
MOST_DECISIONS = 1000


@dataclass(frozen=True, slots=True)
class Confidence:
    """How to read the confidence of pairs now.

    `calibration` is None while there are not enough decisions, or while it would not do better on decisions that it
    has not seen; confidence is then taken as it was computed, and `note` says so. `decisions` counts what a person
    decided one by one (the last thousand at most), `accepted` those of them that were accepted.
    """

    calibration: Isotonic | None
    decisions: int
    accepted: int
    study: CalibrationStudy | None
    note: str

    @property
    def calibrated(self) -> bool:
        return self.calibration is not None

    def of(self, pair: NewPair) -> float | None:
        """What the confidence in a pair is worth; None where it is unknown."""
        if pair.confidence is None or self.calibration is None or pair.origin not in CALIBRATED:
            return pair.confidence
        return self.calibration(pair.confidence)

    def worth(self, least: float, chosen: PairFilter = EVERY_PAIR) -> list[PairFilter]:
        """Filters that together mean the pairs of `chosen` whose confidence is worth `least`, each pair once."""
        if self.calibration is None:
            return [replace(chosen, min_confidence=least)]
        asked = chosen.origins or tuple(Origin)
        raw = self.calibration.least_raw(least)
        limits = [(tuple(origin for origin in asked if origin not in CALIBRATED), least)]
        if raw is not None:
            limits.append((tuple(origin for origin in asked if origin in CALIBRATED), raw))
        return [replace(chosen, origins=origins, min_confidence=limit) for origins, limit in limits if origins]


def read_confidence(library: Library) -> Confidence:
    """How to read confidence by all decisions up to now; follows every decision and its undo."""
    decisions = [Decision(*decision) for decision in list_decisions(library, CALIBRATED, MOST_DECISIONS)]
    accepted = sum(decision.accepted for decision in decisions)
    count, fewer = len(decisions), min(accepted, len(decisions) - accepted)
    if count < LEAST_DECISIONS or fewer < LEAST_OF_EACH:
        note = (
            f"Not calibrated: {count} drafted pairs were decided on one by one, as they are, {accepted} of them"
            f" accepted. {LEAST_DECISIONS} are needed, at least {LEAST_OF_EACH} accepted and {LEAST_OF_EACH} rejected."
        )
        return Confidence(None, count, accepted, None, note)
    found = study(decisions)
    if found.calibrated.brier > found.raw.brier:
        note = (
            "Not calibrated: on decisions that it has not seen, the calibrated confidence is further off"
            f" (Brier score {found.calibrated.brier:.3f}) than the one computed ({found.raw.brier:.3f})."
        )
        return Confidence(None, count, accepted, found, note)
    note = (
        f"Calibrated on {count} decisions. On decisions that it has not seen its error is {found.calibrated.ece:.3f},"
        f" that of the one computed {found.raw.ece:.3f} (expected calibration error)."
    )
    return Confidence(fit_isotonic(decisions), count, accepted, found, note)
