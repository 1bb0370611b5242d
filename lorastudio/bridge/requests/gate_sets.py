"""The questions that only the gate may read: which there are, and more of them from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lorastudio.domain.changes import Changes

if TYPE_CHECKING:
    from pathlib import Path

    from lorastudio.domain.gate import GateQuestion
    from lorastudio.store.library import Library


def read_gate_questions(library: Library) -> tuple[GateQuestion, ...]:
    """All of them, in the order in which they were added."""
    from lorastudio.store.gate_questions import list_gate_questions

    return tuple(list_gate_questions(library))


def add_gate_questions(library: Library, file: Path) -> Changes:
    """Keep the questions of a file for the gate alone; those that are there already are passed over."""
    from lorastudio.services.questions import add_gate_file

    add_gate_file(library, file)
    return Changes()
