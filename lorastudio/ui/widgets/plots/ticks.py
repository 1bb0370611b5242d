"""Where an axis has its labels, and how they read."""

from __future__ import annotations

import math

ENOUGH = 3
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def even_ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """At most about `most` round values from `low` to `high`, evenly spaced; `whole` numbers where only these mean
    anything."""
    if not high > low:
        return [low]
    rough = (high - low) / max(most, 1)
    if whole:
        rough = max(rough, 1.0)
    power = 10.0 ** math.floor(math.log10(rough))
    steps = [factor * power for factor in _STEPS if not whole or (factor * power).is_integer()]
    step = next(step for step in steps if step >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """The same for a logarithmic scale: `low`, `high` and the result are logarithms to base ten."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    for factors in ((1, 2, 3, 5, 7), (1, 2, 5), (1,)):
        found = [power + math.log10(factor) for power in decades for factor in factors]
        inside = [value for value in found if low <= value <= high]
        if len(inside) <= most:
            break
    if len(inside) >= ENOUGH:
        return inside
    return [math.log10(value) for value in even_ticks(10.0**low, 10.0**high, most) if value > 0]


def tick_text(value: float) -> str:
    """1200 → "1,200", 40000 → "40k", 0.30000000000000004 → "0.3", 0.00005 → "5e-5"."""
    if abs(value) >= 10_000:
        return f"{value / 1000:g}k"
    return f"{round(value):,}" if abs(value) >= 100 else f"{value:.3g}".replace("e-0", "e-")
