"""The gate's questions: set aside before any drafting, read by the gate alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lorastudio.domain.gate import GateQuestion
from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library


@dataclass(frozen=True, slots=True)
class NewGateQuestion:
    """A gate question before it has an id; see `domain.gate.GateQuestion`."""

    text: str
    group: str
    language: str
    checks: dict[str, Any] = field(default_factory=dict)
    source: str = ""


def add_gate_questions(library: Library, questions: Sequence[NewGateQuestion]) -> int:
    """Set questions aside; returns how many were not there yet."""
    with library.transaction():
        return sum(
            library.execute(
                "INSERT INTO gate_questions (text, text_key, group_name, language, checks, source)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (new.text, text_key(new.text), new.group, new.language, to_json(new.checks), new.source),
            )
            for new in questions
        )


def list_gate_questions(library: Library) -> list[GateQuestion]:
    """All gate questions in the order in which they were added."""
    return [
        GateQuestion(
            id=row["id"],
            text=row["text"],
            group=row["group_name"],
            language=row["language"],
            checks=from_json(row["checks"]),
            source=row["source"],
        )
        for row in library.rows("SELECT * FROM gate_questions ORDER BY id")
    ]


def is_gate_text(library: Library, text: str) -> bool:
    """Whether `text` is a gate question, whatever its case and spacing."""
    return library.row("SELECT 1 FROM gate_questions WHERE text_key = ?", (text_key(text),)) is not None


def text_key(text: str) -> str:
    """The text as it is compared: without case, with single spaces."""
    return " ".join(text.casefold().split())
