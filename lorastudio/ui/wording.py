"""Figures in words, the same everywhere."""

from __future__ import annotations


def count(number: int) -> str:
    """1204 → "1,204"."""
    return f"{number:,}"


def counted(number: int, one: str, many: str = "") -> str:
    """1, "pair" → "1 pair"; 2, "pair" → "2 pairs"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def time_left(seconds: float | None) -> str:
    """ "6 min left", "40 s left", or nothing where nobody knows."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{max(1, round(seconds))} s left"
    if seconds < 5400:
        return f"{round(seconds / 60)} min left"
    return f"{seconds / 3600:.1f} h left"


def version_name(version: int | None) -> str:
    """ "v3", or "the base model" for None and 0."""
    return f"v{version}" if version else "the base model"
