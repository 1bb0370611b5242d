"""How sure a look at the gate questions must be, and how many more questions would tell."""

from __future__ import annotations

import math
from statistics import NormalDist

from lorastudio.gate.statistics import INTERVAL_SHARE, RESAMPLES, Comparison

ALL_LOOKS_LEVEL = 0.05
ONE_LOOK_LEVEL = 0.01
POWER = 0.80
FULL_SIZE_QUESTIONS = 200
MOST_QUESTIONS = 10_000
_MOST_RESAMPLES = 400_000
_RESAMPLES_BELOW_LEVEL = 10


def level_of_look(look: int) -> float:
    """The one-sided level that look number `look` (from 1) at the same gate questions may spend.

    α_k = min(0.01, 0.05 / (k (k + 1))). The series 1 / (k (k + 1)) sums to 1, so however often the questions
    are looked at, the chance that any worthless version ever passes stays below 0.05: the alpha-spending rule
    of Tian and Ramdas, "Online control of the familywise error rate" (2021), section 2. The cap keeps each
    single look at 1%: with answers that pass half the time, 200 questions × 4 samples have a standard error
    of 2.5 points, a gain of 5 points is then two of them, and a level of 0.025 alone would let 2% through.
    """
    return min(ONE_LOOK_LEVEL, ALL_LOOKS_LEVEL / (look * (look + 1)))


def resamples_for(level: float) -> int:
    """Enough resamples that ten of them can lie below `level`: 20,000, more for late looks, at most 400,000."""
    return min(_MOST_RESAMPLES, max(RESAMPLES, math.ceil(_RESAMPLES_BELOW_LEVEL / level)))


def is_worn_out(look: int) -> bool:
    """Whether so many looks were taken that no gain, however great, can be shown any more at its level."""
    return level_of_look(look) <= 1.0 / (_MOST_RESAMPLES + 1)


def more_questions(found: Comparison, questions: int, needed: float, level: float) -> int | None:
    """How many more questions would tell, judging by what was found; None when no number would, or over 10,000.

    A gain that is large enough but not sure needs n with (z_level + z_power) · spread / √n = gain (power 80%),
    and enough groups for a sign-flip test to reach the level at all; a gain that is too small needs n at which
    the 90% interval no longer holds `needed`, and at least the 200 at which the rule was measured: few
    questions easily look alike. `needed` is in the unit of the differences.
    """
    normal = NormalDist()
    per_group = questions / found.groups
    if found.mean >= needed:
        sure = normal.inv_cdf(1.0 - level) + normal.inv_cdf(POWER)
        groups = max((sure * found.spread / found.mean) ** 2, -math.log2(level))
        more = max(math.ceil(groups * per_group) - questions, 1)
    else:
        sure = normal.inv_cdf(0.5 + INTERVAL_SHARE / 2.0)
        enough = math.ceil((sure * found.spread / (needed - found.mean)) ** 2 * per_group)
        more = max(enough, FULL_SIZE_QUESTIONS) - questions
    return more if 0 < more <= MOST_QUESTIONS else None
