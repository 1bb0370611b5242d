from __future__ import annotations

import pytest

from lorastudio.domain.draft import QuestionState, StopReason
from lorastudio.domain.errors import KnownError
from lorastudio.store.drafts import start_draft
from lorastudio.store.library import Library
from lorastudio.store.questions import get_question, list_all_questions, list_questions, set_question_state
from tests.store.samples import new_cycle, sent_call


def test_questions_wait_in_order(library: Library) -> None:
    cycle = new_cycle(library, ("b?", "a?"))
    questions = list_questions(library, cycle.id)
    assert [(question.position, question.text) for question in questions] == [(0, "b?"), (1, "a?")]
    assert questions[0].group == "group of b?"
    assert questions[0].checks == {"max_words": 50}
    assert questions[0].state is QuestionState.WAITING
    assert get_question(library, questions[1].id) == questions[1]


def test_the_questions_of_all_cycles_are_listed(library: Library) -> None:
    new_cycle(library, ("a?",)), new_cycle(library, ("b?",))
    assert [question.text for question in list_all_questions(library)] == ["a?", "b?"]


def test_a_question_ends_with_its_reason_and_best_draft(library: Library) -> None:
    cycle = new_cycle(library)
    first, second = list_questions(library, cycle.id)
    draft = start_draft(library, first.id, 1, sent_call(library, first.id).id)
    set_question_state(library, first.id, QuestionState.DONE, StopReason.LITTLE_GAIN, draft.id)
    set_question_state(library, second.id, QuestionState.FAILED, error="The server is down.")
    done, failed = list_questions(library, cycle.id)
    assert (done.state, done.stop_reason, done.best_draft_id) == (QuestionState.DONE, StopReason.LITTLE_GAIN, draft.id)
    assert (failed.state, failed.error) == (QuestionState.FAILED, "The server is down.")
    assert list_questions(library, cycle.id, QuestionState.DONE) == [done]


def test_a_question_that_does_not_exist_is_said(library: Library) -> None:
    with pytest.raises(KnownError, match="no question 9"):
        get_question(library, 9)
