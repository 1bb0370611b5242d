"""Confidence in pairs: as it was computed, and as a person's decisions have taught what it is worth."""

from __future__ import annotations

from dataclasses import dataclass

from lorastudio.datasets.calibration import (
    LEAST_DECISIONS,
    LEAST_OF_EACH,
    CalibrationStudy,
    Decision,
    Isotonic,
    fit_isotonic,
    study,
)
from lorastudio.store.decisions import list_decisions
from lorastudio.store.library import Library


@dataclass(frozen=True, slots=True)
class Confidence:
    """How to read the confidence of pairs now.

    `calibration` is None while there are not enough decisions, or while it would not do better on decisions that it
    has not seen; confidence is then taken as it was computed, and `note` says so. `decisions` counts what a person
    decided one by one, `accepted` those of them that were accepted.
    """

    calibration: Isotonic | None
    decisions: int
    accepted: int
    study: CalibrationStudy | None
    note: str

    @property
    def calibrated(self) -> bool:
        return self.calibration is not None

    def of(self, raw: float | None) -> float | None:
        """What a confidence is worth; None where it is unknown."""
        return raw if raw is None or self.calibration is None else self.calibration(raw)

    def least_raw(self, least: float) -> float | None:
        """The least confidence as computed that is worth `least`; None when no confidence is."""
        return least if self.calibration is None else self.calibration.least_raw(least)


def read_confidence(library: Library) -> Confidence:
    """How to read confidence by all decisions up to now; follows every decision and its undo."""
    decisions = [Decision(*decision) for decision in list_decisions(library)]
    accepted = sum(decision.accepted for decision in decisions)
    count, fewer = len(decisions), min(accepted, len(decisions) - accepted)
    if count < LEAST_DECISIONS or fewer < LEAST_OF_EACH:
        note = (
            f"Not calibrated: {count} pairs with a known confidence were decided on one by one, {accepted} of them"
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
