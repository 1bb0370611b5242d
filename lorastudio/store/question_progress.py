"""How far the questions of a cycle have come, all of them in one reading."""

from __future__ import annotations

from typing import NamedTuple

from lorastudio.domain.draft import DraftState
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
