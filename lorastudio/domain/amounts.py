"""Money and time in words."""

from __future__ import annotations

_MINUTE_S = 60
_HOUR_S = 3600


def dollars(usd: float) -> str:
    """ "$12.40", and four decimals below a dollar, where calls are: "$0.0312"."""
    return f"${usd:,.2f}" if usd >= 1 or not usd else f"${usd:.4f}"


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, as a person would say it."""
    if seconds < 2 * _MINUTE_S:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE_S:.0f} min" if seconds < 2 * _HOUR_S else f"{seconds / _HOUR_S:.1f} h"
