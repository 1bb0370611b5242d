"""Events: what long work says while it runs.

A service yields them, the terminal prints them, the bridge turns them into signals, a test
collects them. Every event is a frozen dataclass whose `event` names it in JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """Root of all events."""

    event: ClassVar[str] = "event"


@dataclass(frozen=True, slots=True)
class Warned(Event):
    """Something the user should know; the work goes on."""

    event: ClassVar[str] = "warning"
    message: str


@dataclass(frozen=True, slots=True)
class Progressed(Event):
    """`done` of `total` units of `what` are finished; `left_s` is an estimate, None when unknown."""

    event: ClassVar[str] = "progress"
    what: str
    done: int
    total: int
    left_s: float | None = None


def as_record(value: Event) -> dict[str, Any]:
    """The event as one JSON-able object, its name under "event"."""
    return {"event": value.event, **{f.name: as_json(getattr(value, f.name)) for f in fields(value)}}


def as_json(value: Any) -> Any:
    """Plain JSON types from dataclasses, enums, paths, tuples and mappings, recursively."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: as_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    return value
