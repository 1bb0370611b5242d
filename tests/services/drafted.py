"""A cycle as drafting leaves it, without any server."""

from __future__ import annotations

from collections.abc import Sequence

from lorastudio.datasets.groups import group_of
from lorastudio.domain.draft import CallPurpose, DraftState
from lorastudio.domain.endpoint import Usage
from lorastudio.store.calls import record_answer, record_sent
from lorastudio.store.critiques import add_critique
from lorastudio.store.cycles import NewQuestion, create_cycle
from lorastudio.store.drafts import finish_draft, start_draft
from lorastudio.store.library import Library
from lorastudio.store.questions import list_questions


def drafted_cycle(library: Library, scores: dict[str, Sequence[float | None]]) -> int:
    """A cycle with these questions; each draft says its question, iteration and score. None: truncated."""
    cycle = create_cycle(
        library,
        seed=1,
        max_iterations=6,
        writer="writer",
        critic="critic",
        writer_version=None,
        settings={},
        questions=[NewQuestion(text, group_of(text), "en", {"max_words": 50}) for text in scores],
    )
    for question in list_questions(library, cycle.id):
        for iteration, score in enumerate(scores[question.text], 1):
            text = f"To {question.text} I say {'x' * iteration}, with the score {score}."
            _draft(library, question.id, iteration, text, score)
    return cycle.id


def _draft(library: Library, question_id: int, iteration: int, text: str, score: float | None) -> None:
    call = record_sent(
        library,
        key=f"{question_id}/{iteration}",
        question_id=question_id,
        iteration=iteration,
        purpose=CallPurpose.DRAFT,
        endpoint="writer",
        request={},
    )
    record_answer(library, call.id, answer=text, reasoning="", finish_reason="stop", usage=Usage(1, 1), elapsed_s=0.1)
    state = DraftState.TRUNCATED if score is None else DraftState.FINISHED
    draft = finish_draft(
        library, start_draft(library, question_id, iteration, call.id).id, text=text, state=state, reasoning="hm"
    )
    if score is not None:
        scores = {"plain": score}
        add_critique(
            library,
            draft_id=draft.id,
            call_ids=[call.id],
            score=score,
            spread=0.0,
            scores=scores,
            issues=(),
            abstained=False,
        )
