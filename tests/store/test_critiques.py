from __future__ import annotations

import pytest

from lorastudio.domain.draft import Issue
from lorastudio.domain.errors import BugError
from lorastudio.store.critiques import add_critique, get_critique
from lorastudio.store.drafts import start_draft
from lorastudio.store.library import Library
from tests.store.samples import first_question_id, sent_call


def new_draft_id(library: Library) -> int:
    question_id = first_question_id(library)
    return start_draft(library, question_id, 1, sent_call(library, question_id).id).id


def test_a_critique_comes_back_as_it_was(library: Library) -> None:
    draft_id = new_draft_id(library)
    assert get_critique(library, draft_id) is None
    issues = (Issue("plain", "hype", "huge breakthrough", severe=True), Issue("form", "no full stop"))
    critique = add_critique(
        library,
        draft_id=draft_id,
        call_ids=[1, 2],
        score=0.5,
        spread=0.1,
        scores={"plain": 0.0, "form": 1.0},
        issues=issues,
        abstained=False,
    )
    assert (critique.score, critique.spread, critique.issues) == (0.5, 0.1, issues)
    assert get_critique(library, draft_id) == critique


def test_an_abstained_critique_has_no_score_and_a_draft_has_one_critique(library: Library) -> None:
    draft_id = new_draft_id(library)
    nothing = {"score": None, "spread": 0.0, "scores": {}, "issues": (), "abstained": True}
    critique = add_critique(library, draft_id=draft_id, call_ids=(), **nothing)
    assert critique.abstained
    assert critique.score is None
    with pytest.raises(BugError):
        add_critique(library, draft_id=draft_id, call_ids=(), **nothing)
