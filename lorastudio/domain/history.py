"""What was done to pairs: by whom, when, and whether it still holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ActionKind(StrEnum):
    """`TIDY` changes what is known about pairs (findings, groups) and none of their texts."""

    DECIDE = "decide"
    EDIT = "edit"
    SWAP = "swap"
    SPLIT = "split"
    MERGE = "merge"
    TIDY = "tidy"
    IMPORT = "import"


class ActionState(StrEnum):
    """`DISCARDED` was undone, and can't be done again because something else was done since."""

    DONE = "done"
    UNDONE = "undone"
    DISCARDED = "discarded"


class Actor(StrEnum):
    """Who did it: a person on pairs they named, a person by a filter, the confidence rule, or an import."""

    PERSON = "person"
    BULK = "bulk"
    RULE = "rule"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Turn:
    """An action was undone, or done again."""

    state: ActionState
    at: str


@dataclass(frozen=True, slots=True)
class ActionEntry:
    """One undo step. `turns` are what became of it since, oldest first."""

    id: int
    kind: ActionKind
    label: str
    who: Actor
    at: str
    state: ActionState
    num_pairs: int
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class PairEntry:
    """One thing that happened to a pair; the first is how it came, which is no action when it was drafted.

    `before` and `after` hold the columns that an action changed, and nothing for an import.
    """

    what: str
    who: Actor | None
    at: str
    label: str
    state: ActionState
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class UndoState:
    """What undo would take back and redo would do again; empty when there is nothing."""

    undo: str
    redo: str
