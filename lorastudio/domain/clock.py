"""The time as the library writes it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """The present in UTC to the second, like "2026-11-22T12:00:00Z"."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
