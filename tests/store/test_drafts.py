from __future__ import annotations

import pytest

from lorastudio.domain.draft import DraftState
from lorastudio.domain.errors import BugError, KnownError
from lorastudio.store.drafts import (
    append_draft,
    finish_draft,
    get_draft,
    list_drafts,
    mark_interrupted,
    start_draft,
)
from lorastudio.store.library import Library
from tests.store.samples import first_question_id, sent_call


def test_a_draft_streams_and_finishes(library: Library) -> None:
    question_id = first_question_id(library)
    draft = start_draft(library, question_id, 1, sent_call(library, question_id).id)
    append_draft(library, draft.id, "A sample")
    assert (get_draft(library, draft.id).text, get_draft(library, draft.id).state) == ("A sample", DraftState.STREAMING)
    done = finish_draft(library, draft.id, text="A sample.", state=DraftState.FINISHED, reasoning="hm")
    assert (done.text, done.state, done.reasoning, done.iteration) == ("A sample.", DraftState.FINISHED, "hm", 1)
    assert list_drafts(library, question_id) == [done]


def test_a_finished_draft_does_not_change(library: Library) -> None:
    question_id = first_question_id(library)
    draft = start_draft(library, question_id, 1, sent_call(library, question_id).id)
    finish_draft(library, draft.id, text="Cut", state=DraftState.TRUNCATED, reasoning="")
    with pytest.raises(BugError, match="not streaming"):
        append_draft(library, draft.id, "Cut off")
    with pytest.raises(BugError, match="not streaming"):
        finish_draft(library, draft.id, text="Whole", state=DraftState.FINISHED, reasoning="")
    assert get_draft(library, draft.id).text == "Cut"


def test_a_killed_draft_is_kept_and_its_repetition_is_another(library: Library) -> None:
    question_id = first_question_id(library)
    call_id = sent_call(library, question_id).id
    killed = start_draft(library, question_id, 1, call_id)
    append_draft(library, killed.id, "A sam")
    assert mark_interrupted(library) == 1
    assert mark_interrupted(library) == 0
    again = start_draft(library, question_id, 1, call_id)
    states = [(draft.id, draft.text, draft.state) for draft in list_drafts(library, question_id)]
    assert states == [(killed.id, "A sam", DraftState.INTERRUPTED), (again.id, "", DraftState.STREAMING)]


def test_a_draft_that_does_not_exist_is_said(library: Library) -> None:
    with pytest.raises(KnownError, match="no draft 9"):
        get_draft(library, 9)
