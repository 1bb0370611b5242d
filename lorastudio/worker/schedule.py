"""The learning rate over a run."""

from __future__ import annotations

import math

from lorastudio.training.config import Schedule

FINAL_SHARE = 0.1


def learning_rate_at(
    step: int, steps: int, peak: float, warmup_share: float, schedule: Schedule = Schedule.COSINE
) -> float:
    """The rate of optimiser step 1..steps: a linear rise to `peak` over the first share, then by `schedule`.

    COSINE is half a cosine down to a tenth (Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983, equation
    5, without restarts), LINEAR a straight line down to a tenth, CONSTANT stays at `peak`. With a share of 0 the
    first step has the peak.
    """
    warmup = round(steps * warmup_share)
    if step <= warmup:
        return peak * step / warmup
    # The step after the rise still has the peak where there was none, else it is the first to fall.
    progress = (step - max(1, warmup)) / max(1, steps - max(1, warmup))
    return peak * (FINAL_SHARE + (1 - FINAL_SHARE) * _remaining(schedule, progress))


def _remaining(schedule: Schedule, progress: float) -> float:
    """What is left of the way from a tenth to the peak after `progress`, 0 to 1, of the fall."""
    if schedule is Schedule.COSINE:
        return 0.5 * (1 + math.cos(math.pi * progress))
    return 1 - progress if schedule is Schedule.LINEAR else 1.0
