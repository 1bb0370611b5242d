"""Judgements: the verdict of both orders on a question's final pair, at most one each."""

from __future__ import annotations

from collections.abc import Sequence

from lorastudio.domain.draft import Judgement, Preference
from lorastudio.store.json_text import to_json
from lorastudio.store.library import Library


def add_judgement(library: Library, judgement: Judgement, call_ids: Sequence[int]) -> None:
    """Keep the verdict that came from the calls `call_ids`, for a question that has none yet."""
    library.insert(
        "judgements",
        {
            "question_id": judgement.question_id,
            "best_draft_id": judgement.best_draft_id,
            "other_draft_id": judgement.other_draft_id,
            "preference": judgement.preference,
            "call_ids": to_json(call_ids),
        },
    )


def get_judgement(library: Library, question_id: int) -> Judgement | None:
    """The verdict on a question's final pair, None while there is none."""
    row = library.row("SELECT * FROM judgements WHERE question_id = ?", (question_id,))
    if row is None:
        return None
    return Judgement(row["question_id"], row["best_draft_id"], row["other_draft_id"], Preference(row["preference"]))
