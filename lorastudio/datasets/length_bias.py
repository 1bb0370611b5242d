"""Length bias: how far the length of the answers alone tells good from bad.

Judges, human ones too, like longer answers (Singhal et al., "A Long Way to Go: Investigating Length Correlations in
RLHF", 2023, arXiv:2310.03716); a model trained on such pairs learns to write more, not better.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass

# Wilson's interval at 95%.
_Z = 1.959964
WORTH_SAYING = 0.6
LEAST_PAIRS = 30
LONG_RATIO = 1.5
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BIN_WIDTH = math.log(LONG_RATIO) / 2
BINS = 12


@dataclass(frozen=True, slots=True)
class LengthBias:
    """What the lengths of `pairs` pairs with both answers say.

    - `good_longer`, `bad_longer`, `equal`: shares of the pairs, by characters.
    - `length_judge`: the share of pairs that a judge who only looks at lengths gets right, with whichever of the two
      rules is better, ties half; 0.5 is what it should be. `low` to `high` is its 95% interval (Wilson's).
    - `quantiles`: of ln(good / bad) at `QUANTILES`; `mean` is its mean.
    - `lopsided`: the share of pairs with one answer more than 1.5 times as long as the other.
    - `histogram`: shares of ln(good / bad) in 12 bins of ln(1.5) / 2 around 0, the outer ones with all beyond.
    - `advice`: what to do, in words; empty where nothing needs to be done.
    """

    pairs: int
    good_longer: float
    bad_longer: float
    equal: float
    length_judge: float
    low: float
    high: float
    mean: float
    quantiles: tuple[float, ...]
    lopsided: float
    histogram: tuple[float, ...]
    advice: str


def log_ratio(good: str, bad: str) -> float:
    """ln(good / bad) of the lengths in characters; an empty text counts as one character."""
    return math.log(max(len(good), 1) / max(len(bad), 1))


def length_bias(ratios: Iterable[float]) -> LengthBias | None:
    """The report on `log_ratio` of many pairs; None without any."""
    found = array("d", sorted(ratios))
    count = len(found)
    if not count:
        return None
    longer, shorter = (sum(sign * ratio > 0 for ratio in found) / count for sign in (1, -1))
    right = max(longer, shorter) + (1 - longer - shorter) / 2
    low, high = _wilson(right, count)
    return LengthBias(
        pairs=count,
        good_longer=longer,
        bad_longer=shorter,
        equal=1 - longer - shorter,
        length_judge=right,
        low=low,
        high=high,
        mean=math.fsum(found) / count,
        quantiles=tuple(_quantile(found, share) for share in QUANTILES),
        lopsided=sum(abs(ratio) > math.log(LONG_RATIO) for ratio in found) / count,
        histogram=_histogram(found),
        advice=_advice(count, longer, shorter, right, low),
    )


def _advice(count: int, longer: float, shorter: float, right: float, low: float) -> str:
    if count < LEAST_PAIRS:
        return f"Too few pairs to tell; {LEAST_PAIRS} are needed."
    if low <= 0.5 or right < WORTH_SAYING:
        return ""
    more, less = ("longer", "shorter") if longer > shorter else ("shorter", "longer")
    return (
        f"Whoever only chose the {more} answer would be right in {right:.0%} of the pairs, and a model may learn just"
        f" that. Reject lopsided pairs, add pairs whose good answer is {less}, or train with an objective that divides"
        " by length (SimPO, IPO)."
    )


def _wilson(share: float, count: int) -> tuple[float, float]:
    """Wilson's score interval for a share of `count` (Wilson, 1927)."""
    centre = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z / (1 + _Z**2 / count) * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def _quantile(ordered: array[float], share: float) -> float:
    """Linear between the two nearest values."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _histogram(ratios: array[float]) -> tuple[float, ...]:
    counts = [0] * BINS
    for ratio in ratios:
        counts[min(max(math.floor(ratio / BIN_WIDTH) + BINS // 2, 0), BINS - 1)] += 1
    return tuple(count / len(ratios) for count in counts)
