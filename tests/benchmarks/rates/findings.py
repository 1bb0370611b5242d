"""What the outcomes say about an objective: its best rate, and the one at which it falls apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lorastudio.training.config import Objective
from tests.benchmarks.rates.sweep import BASE, Outcome, mean, rates_of

# A model is ruined when it has lost half of what its best rate had gained, or half of its other skill.
RUINED = 0.5


@dataclass(frozen=True, slots=True)
class Finding:
    """`falls_apart`: the lowest rate above the best one that ruins the model; None when none did."""

    objective: Objective
    best: float
    quality: float
    falls_apart: float | None


def find(outcomes: Sequence[Outcome], objective: Objective) -> Finding:
    """Judge by the means over the seeds."""
    base = untouched(outcomes)
    runs = {rate: of_rate(outcomes, objective, rate) for rate in rates_of(objective)}
    quality = {rate: mean([run.quality for run in same]) for rate, same in runs.items()}
    skills = {rate: mean([run.skills for run in same]) for rate, same in runs.items()}
    best = max(quality, key=quality.__getitem__)
    least = base.quality + RUINED * (quality[best] - base.quality)
    ruined = [rate for rate in runs if rate > best and (quality[rate] < least or skills[rate] < RUINED * base.skills)]
    return Finding(objective, best, quality[best], min(ruined, default=None))


def untouched(outcomes: Sequence[Outcome]) -> Outcome:
    return next(each for each in outcomes if each.objective == BASE)


def of_rate(outcomes: Sequence[Outcome], objective: str, rate: float) -> list[Outcome]:
    return [each for each in outcomes if (each.objective, each.rate) == (objective, rate)]
