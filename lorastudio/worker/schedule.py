"""The learning rate over a run."""

from __future__ import annotations

import math

FINAL_SHARE = 0.1


def learning_rate_at(step: int, steps: int, peak: float, warmup_share: float) -> float:
    """The rate of step 1..steps: a linear rise over the first share, then half a cosine down to a tenth.

    Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983, equation 5, without restarts.
    """
    warmup = max(1, round(steps * warmup_share))
    if step <= warmup:
        return peak * step / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return peak * (FINAL_SHARE + (1 - FINAL_SHARE) * 0.5 * (1 + math.cos(math.pi * progress)))
