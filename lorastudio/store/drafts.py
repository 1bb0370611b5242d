"""Drafts: kept while they stream, immutable once they are finished."""

from __future__ import annotations

import sqlite3

from lorastudio.domain.draft import Draft, DraftState
from lorastudio.domain.errors import BugError, KnownError
from lorastudio.store.library import Library


def start_draft(library: Library, question_id: int, iteration: int, call_id: int) -> Draft:
    """Begin the draft that the call will stream. A repeated attempt starts a draft of its own."""
    with library.transaction():
        draft_id = library.insert(
            "drafts",
            {
                "question_id": question_id,
                "iteration": iteration,
                "call_id": call_id,
                "text": "",
                "reasoning": "",
                "state": DraftState.STREAMING,
            },
        )
        return get_draft(library, draft_id)


def append_draft(library: Library, draft_id: int, text: str) -> None:
    """Keep `text`, all that has arrived so far, of a streaming draft."""
    _change_streaming(library, draft_id, text, "", DraftState.STREAMING)


def finish_draft(library: Library, draft_id: int, *, text: str, state: DraftState, reasoning: str) -> Draft:
    """End a streaming draft with its whole text; it can't be changed any more."""
    with library.transaction():
        _change_streaming(library, draft_id, text, reasoning, state)
        return get_draft(library, draft_id)


def list_drafts(library: Library, question_id: int) -> list[Draft]:
    """All drafts of a question, interrupted ones too, in the order in which they were begun."""
    return [
        _draft(row) for row in library.rows("SELECT * FROM drafts WHERE question_id = ? ORDER BY id", (question_id,))
    ]


def get_draft(library: Library, draft_id: int) -> Draft:
    """The draft; KnownError when there is none."""
    row = library.row("SELECT * FROM drafts WHERE id = ?", (draft_id,))
    if row is None:
        raise KnownError(f"There is no draft {draft_id}.")
    return _draft(row)


def mark_interrupted(library: Library) -> int:
    """At start-up: drafts that were streaming when the program died are interrupted; returns how many."""
    return library.execute(
        "UPDATE drafts SET state = ? WHERE state = ?", (DraftState.INTERRUPTED, DraftState.STREAMING)
    )


def _change_streaming(library: Library, draft_id: int, text: str, reasoning: str, state: DraftState) -> None:
    touched = library.execute(
        "UPDATE drafts SET text = ?, reasoning = ?, state = ? WHERE id = ? AND state = ?",
        (text, reasoning, state, draft_id, DraftState.STREAMING),
    )
    if touched != 1:
        raise BugError(f"Draft {draft_id} is not streaming.")


def _draft(row: sqlite3.Row) -> Draft:
    return Draft(
        id=row["id"],
        question_id=row["question_id"],
        iteration=row["iteration"],
        text=row["text"],
        state=DraftState(row["state"]),
        reasoning=row["reasoning"],
    )
