"""What judging a version says while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lorastudio.domain.events import Event
from lorastudio.domain.gate import GateReport


@dataclass(frozen=True, slots=True)
class GateStarted(Event):
    """A look at the gate questions begins; `look` counts all looks at them from 1."""

    event: ClassVar[str] = "gate_started"
    version: int
    against: str
    look: int
    questions: int
    samples: int


@dataclass(frozen=True, slots=True)
class GateFinished(Event):
    """The version is judged; the report is in the library."""

    event: ClassVar[str] = "gate_finished"
    report: GateReport
