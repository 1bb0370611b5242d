"""How far the questions of a cycle have come, all of them in one reading."""

from __future__ import annotations

from typing import NamedTuple

from lorastudio.domain.draft import DraftState, QuestionState
from lorastudio.store.library import Library


class DraftCount(NamedTuple):
    """`drafts` are those that came to their end; `best_score` is None when none of them was scored."""

    drafts: int
    best_score: float | None


def draft_counts(library: Library, cycle_id: int) -> dict[int, DraftCount]:
    """By the id of each question that has a finished or a truncated draft."""
    rows = library.rows(
        "SELECT drafts.question_id AS question, count(DISTINCT drafts.iteration) AS drafts, max(score) AS score"
        " FROM drafts JOIN questions ON questions.id = drafts.question_id"
        " LEFT JOIN critiques ON critiques.draft_id = drafts.id"
        " WHERE questions.cycle_id = ? AND drafts.state IN (?, ?) GROUP BY drafts.question_id",
        (cycle_id, DraftState.FINISHED, DraftState.TRUNCATED),
    )
    return {row["question"]: DraftCount(row["drafts"], row["score"]) for row in rows}


def mean_drafts(library: Library, writer: str) -> tuple[int, float]:
    """How many questions this writer has done, and how many drafts each took on average."""
    row = library.row(
        "SELECT count(DISTINCT questions.id) AS done, count(DISTINCT drafts.question_id || '/' || drafts.iteration)"
        " AS drafts FROM questions JOIN cycles ON cycles.id = questions.cycle_id"
        " JOIN drafts ON drafts.question_id = questions.id"
        " WHERE cycles.writer = ? AND questions.state = ? AND drafts.state IN (?, ?)",
        (writer, QuestionState.DONE, DraftState.FINISHED, DraftState.TRUNCATED),
    )
    done = row["done"] if row is not None else 0
    return done, row["drafts"] / done if row is not None and done else 0.0
