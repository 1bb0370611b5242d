"""The questions of a cycle."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lorastudio.domain.draft import Question, QuestionState, StopReason
from lorastudio.domain.errors import KnownError
from lorastudio.domain.rubric import Rubric, rubric_from_record
from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library


@dataclass(frozen=True, slots=True)
class NewQuestion:
    """A question before it has an id; see `domain.draft.Question`."""

    text: str
    group: str
    language: str
    checks: dict[str, Any] = field(default_factory=dict)
    rubric: Rubric | None = None


def add_questions(library: Library, cycle_id: int, questions: Sequence[NewQuestion]) -> None:
    """Give a new cycle its questions; positions count from 0."""
    library.execute_many(
        "INSERT INTO questions (cycle_id, position, text, group_name, language, state, checks, rubric, error)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, '')",
        [
            (
                cycle_id,
                position,
                new.text,
                new.group,
                new.language,
                QuestionState.WAITING,
                to_json(new.checks),
                None if new.rubric is None else to_json(new.rubric.as_record()),
            )
            for position, new in enumerate(questions)
        ],
    )


def list_questions(library: Library, cycle_id: int, state: QuestionState | None = None) -> list[Question]:
    """The questions of a cycle by position, all or those in one state."""
    rows = library.rows(
        "SELECT * FROM questions WHERE cycle_id = :cycle AND (:state IS NULL OR state = :state) ORDER BY position",
        {"cycle": cycle_id, "state": state},
    )
    return [_question(row) for row in rows]


def list_all_questions(library: Library) -> list[Question]:
    """The questions of all cycles, oldest first."""
    return [_question(row) for row in library.rows("SELECT * FROM questions ORDER BY id")]


def count_questions(library: Library, cycle_id: int) -> int:
    """How many questions a cycle has."""
    return int(library.value("SELECT count(*) FROM questions WHERE cycle_id = ?", (cycle_id,)))


def get_question(library: Library, question_id: int) -> Question:
    """The question; KnownError when there is none."""
    row = library.row("SELECT * FROM questions WHERE id = ?", (question_id,))
    if row is None:
        raise KnownError(f"There is no question {question_id}.")
    return _question(row)


def set_question_state(
    library: Library,
    question_id: int,
    state: QuestionState,
    stop_reason: StopReason | None = None,
    best_draft_id: int | None = None,
    error: str = "",
) -> None:
    """Set a question's state together with how its loop ended; what is not given is cleared."""
    library.execute(
        "UPDATE questions SET state = ?, stop_reason = ?, best_draft_id = ?, error = ? WHERE id = ?",
        (state, stop_reason, best_draft_id, error, question_id),
    )


def _question(row: sqlite3.Row) -> Question:
    return Question(
        id=row["id"],
        cycle_id=row["cycle_id"],
        position=row["position"],
        text=row["text"],
        group=row["group_name"],
        language=row["language"],
        state=QuestionState(row["state"]),
        stop_reason=None if row["stop_reason"] is None else StopReason(row["stop_reason"]),
        best_draft_id=row["best_draft_id"],
        checks=from_json(row["checks"]),
        error=row["error"],
        rubric=None if row["rubric"] is None else rubric_from_record(from_json(row["rubric"])),
    )
