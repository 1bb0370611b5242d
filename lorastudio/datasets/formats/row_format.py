"""What a format is: how its rows are recognised, and how they are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lorastudio.datasets.example import Example

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowFormat:
    """One format.

    `recognises` looks at nothing but the names of the columns and the types of their values, so that a file's rows
    need be asked once for each shape. `read` raises `RowError`; it gets only rows that `recognises` is true for.
    `columns` says which columns make which part of a pair ("prompt", "good", "bad", …), for people. `telling` is how
    sure a row with these columns is meant so (0..1).
    """

    name: str
    recognises: Callable[[Values], bool]
    read: Callable[[Values], Example]
    columns: Mapping[str, tuple[str, ...]]
    telling: float = 1.0


def others(values: Values, *known: str) -> dict[str, Any]:
    """The columns of a row that a format does not know."""
    return {name: value for name, value in values.items() if name not in known}
