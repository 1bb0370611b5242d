"""What a format is: how its rows are recognised, and how they are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lorastudio.datasets.example import Example

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowFormat:
    """One format. `read` raises `RowError`; it gets only rows that `recognises` is true for."""

    name: str
    recognises: Callable[[Values], bool]
    read: Callable[[Values], Example]


def others(values: Values, *known: str) -> dict[str, Any]:
    """The columns of a row that a format does not know."""
    return {name: value for name, value in values.items() if name not in known}
