"""What a whole cycle says: drafting, then pairs, then a version, then the gate, then deployment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from lorastudio.domain.events import Event


@dataclass(frozen=True, slots=True)
class StageBegan(Event):
    """The cycle enters `stage`: drafting, extracting, accepting, training, gating, deploying, finished."""

    event: ClassVar[str] = "stage"
    cycle: int
    stage: str


@dataclass(frozen=True, slots=True)
class PairsExtracted(Event):
    """`added` pairs came out of the cycle's drafts."""

    event: ClassVar[str] = "pairs"
    cycle: int
    added: int


@dataclass(frozen=True, slots=True)
class PairsAccepted(Event):
    """Nobody looked: the confidence rule accepted `accepted` pairs at `min_confidence` or more."""

    event: ClassVar[str] = "accepted_by_rule"
    cycle: int
    accepted: int
    min_confidence: float


@dataclass(frozen=True, slots=True)
class QuestionsSetAside(Event):
    """`count` questions were kept for the gate before any drafting; they are never drafted on."""

    event: ClassVar[str] = "set_aside"
    count: int


@dataclass(frozen=True, slots=True)
class CycleDone(Event):
    """The whole cycle is over."""

    event: ClassVar[str] = "cycle_done"
    cycle: int
    questions: int
    pairs: int
    version: int | None
    verdict: str | None
    deployed: bool


@dataclass(frozen=True, slots=True)
class DemoRow(Event):
    """One line of the demo's table; figures are shares in 0..1 of the candidate trained in that cycle."""

    event: ClassVar[str] = "row"
    cycle: int
    pairs: int
    quality: float | None
    perfect: float | None
    preference_accuracy: float | None
    canary: float | None
    version: int | None
    verdict: str | None
    deployed: bool
    live_quality: float | None


@dataclass(frozen=True, slots=True)
class DemoFinished(Event):
    """The end of the demo; `record` is the object that `demo --json` prints."""

    event: ClassVar[str] = "demo_done"
    record: dict[str, Any]
