"""Critiques: the critic's verdict on a draft, at most one each."""

from __future__ import annotations

from collections.abc import Sequence

from lorastudio.domain.draft import Critique, Issue
from lorastudio.domain.errors import BugError
from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library


def add_critique(
    library: Library,
    *,
    draft_id: int,
    call_ids: Sequence[int],
    score: float | None,
    spread: float,
    scores: dict[str, float],
    issues: Sequence[Issue],
    abstained: bool,
) -> Critique:
    """Attach the verdict that came from the calls `call_ids` to a draft that has none yet."""
    with library.transaction():
        library.insert(
            "critiques",
            {
                "draft_id": draft_id,
                "call_ids": to_json(call_ids),
                "score": score,
                "spread": spread,
                "scores": to_json(scores),
                "issues": to_json(issues),
                "abstained": abstained,
            },
        )
        critique = get_critique(library, draft_id)
    if critique is None:
        raise BugError(f"The critique of draft {draft_id} vanished.")
    return critique


def get_critique(library: Library, draft_id: int) -> Critique | None:
    """The verdict on a draft, None while there is none."""
    row = library.row("SELECT * FROM critiques WHERE draft_id = ?", (draft_id,))
    if row is None:
        return None
    return Critique(
        id=row["id"],
        draft_id=row["draft_id"],
        score=row["score"],
        spread=row["spread"],
        scores=from_json(row["scores"]),
        issues=tuple(Issue(**issue) for issue in from_json(row["issues"])),
        abstained=bool(row["abstained"]),
    )
