"""Calibration: what a confidence means, learnt from what a person accepted and rejected.

Isotonic regression: of all functions that never fall as confidence grows, the one with the least squared distance to
the decisions (1 accepted, 0 rejected), by pooling adjacent violators (Ayer et al., "An empirical distribution function
for sampling with incomplete information", 1955; for calibration: Zadrozny and Elkan, "Transforming classifier scores
into accurate multiclass probability estimates", 2002). Two decisions are made up, an acceptance below and a rejection
above all others, so that nothing is ever certain.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

LEAST_DECISIONS = 100
LEAST_OF_EACH = 10
FOLDS = 5
BINS = 10


class Decision(NamedTuple):
    """A pair's confidence, 0..1, and whether a person accepted it; `group` is its question's."""

    confidence: float
    accepted: bool
    group: str


@dataclass(frozen=True, slots=True)
class Isotonic:
    """A step function: from the confidence `starts[i]` on the share accepted is `values[i]`, both ascending.

    Below the first step, where nobody decided, the confidence stays as it is unless the first step is lower.
    """

    starts: tuple[float, ...]
    values: tuple[float, ...]

    def __call__(self, confidence: float) -> float:
        """The calibrated confidence, 0..1."""
        step = bisect_right(self.starts, confidence) - 1
        return self.values[step] if step >= 0 else min(confidence, self.values[0])

    def least_raw(self, calibrated: float) -> float | None:
        """The least confidence that becomes at least `calibrated`; None when none does."""
        if calibrated <= self.values[0]:
            return min(calibrated, self.starts[0])
        return next((start for start, value in zip(self.starts, self.values, strict=True) if value >= calibrated), None)


class Bin(NamedTuple):
    """Decisions whose confidence lay in [low, high): how many, their mean confidence, the share accepted."""

    low: float
    high: float
    decisions: int
    confidence: float
    accepted: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """How confidences keep what they promise.

    `ece` is the expected calibration error, the mean of |confidence − share accepted| over the bins weighed by their
    counts (Guo et al., "On Calibration of Modern Neural Networks", 2017); `brier` the mean squared distance (Brier,
    1950). Bins without a decision are left out.
    """

    bins: tuple[Bin, ...]
    ece: float
    brier: float


@dataclass(frozen=True, slots=True)
class CalibrationStudy:
    """Confidence as it is and as it would be calibrated, each decision judged by a map that never saw its question:
    `FOLDS` parts of the questions, each judged by what the others give."""

    raw: Reliability
    calibrated: Reliability


def fit_isotonic(decisions: Iterable[Decision]) -> Isotonic:
    """The map of at least one decision."""
    ordered = sorted((decision.confidence, float(decision.accepted)) for decision in decisions)
    # The two that are made up stand at the ends.
    ordered = [(ordered[0][0], 1.0), *ordered, (ordered[-1][0], 0.0)]
    blocks: list[list[float]] = []  # start, sum, count
    for confidence, accepted in ordered:
        if blocks and blocks[-1][0] == confidence:
            blocks[-1][1] += accepted
            blocks[-1][2] += 1
        else:
            blocks.append([confidence, accepted, 1])
    pooled: list[list[float]] = []
    for block in blocks:
        pooled.append(block)
        while len(pooled) > 1 and pooled[-2][1] * pooled[-1][2] >= pooled[-1][1] * pooled[-2][2]:
            last = pooled.pop()
            pooled[-1][1] += last[1]
            pooled[-1][2] += last[2]
    return Isotonic(tuple(block[0] for block in pooled), tuple(block[1] / block[2] for block in pooled))


def study(decisions: Sequence[Decision]) -> CalibrationStudy:
    """Cross-validated figures; deterministic. Needs decisions on two questions at least."""
    folds = [_fold(decision.group) for decision in decisions]
    calibrated: list[tuple[float, bool]] = []
    for fold in set(folds):
        others = [decision for decision, place in zip(decisions, folds, strict=True) if place != fold]
        fitted = fit_isotonic(others) if others else None
        mine = (decision for decision, place in zip(decisions, folds, strict=True) if place == fold)
        calibrated += [(fitted(d.confidence) if fitted else d.confidence, d.accepted) for d in mine]
    return CalibrationStudy(reliability([(d.confidence, d.accepted) for d in decisions]), reliability(calibrated))


def reliability(judged: Sequence[tuple[float, bool]]) -> Reliability:
    """The reliability of at least one (confidence, accepted)."""
    sorted_in: dict[int, list[tuple[float, bool]]] = {}
    for confidence, accepted in judged:
        sorted_in.setdefault(min(int(confidence * BINS), BINS - 1), []).append((confidence, accepted))
    bins = tuple(_bin(place, sorted_in[place]) for place in sorted(sorted_in))
    ece = sum(found.decisions * abs(found.confidence - found.accepted) for found in bins) / len(judged)
    brier = sum((confidence - accepted) ** 2 for confidence, accepted in judged) / len(judged)
    return Reliability(bins, ece, brier)


def _bin(place: int, judged: Sequence[tuple[float, bool]]) -> Bin:
    count = len(judged)
    mean = sum(confidence for confidence, _ in judged) / count
    return Bin(place / BINS, (place + 1) / BINS, count, mean, sum(accepted for _, accepted in judged) / count)


def _fold(group: str) -> int:
    digest = hashlib.blake2b(group.encode("utf-8", "surrogatepass"), digest_size=8, person=b"calibrate")
    return int.from_bytes(digest.digest(), "big") % FOLDS
