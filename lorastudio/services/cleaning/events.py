"""What looks over the whole library end with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lorastudio.domain.events import Event


@dataclass(frozen=True, slots=True)
class DuplicatesFound(Event):
    """`pairs` lie in `clusters` of near-duplicates, of `looked_at` pairs; `to_ask` clusters are alike, and a person
    decides. `marked` pairs changed their findings (one undo step), and `clashes` are near held-out text. `note` says
    by which means, and what was not looked for.
    """

    event: ClassVar[str] = "duplicates_found"
    looked_at: int
    clusters: int
    pairs: int
    to_ask: int
    clashes: int
    marked: int
    undo: str
    note: str


@dataclass(frozen=True, slots=True)
class TopicsFound(Event):
    """Every pair lies in one of `clusters` topics, but for `apart`, which are like no other."""

    event: ClassVar[str] = "topics_found"
    looked_at: int
    clusters: int
    apart: int
    note: str


@dataclass(frozen=True, slots=True)
class TranslationsFound(Event):
    """`clusters` of pairs say the same in both languages. `separated` of them lay on both sides of the split; their
    newer pairs (`marked`, one undo step) are kept out of training, since no group is moved."""

    event: ClassVar[str] = "translations_found"
    looked_at: int
    clusters: int
    separated: int
    marked: int
    undo: str
    note: str
