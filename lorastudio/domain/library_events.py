"""What work on the whole library has to say when it is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lorastudio.domain.events import Event


@dataclass(frozen=True, slots=True)
class LibraryReport(Event):
    """`title` says what was done, `lines` the rest."""

    event: ClassVar[str] = "library_report"
    title: str
    lines: tuple[str, ...] = ()
