from __future__ import annotations

import pytest

from lorastudio.domain.draft import CallPurpose, CallState
from lorastudio.domain.endpoint import Endpoint, Role, Usage
from lorastudio.domain.errors import BugError
from lorastudio.store.calls import (
    CallTotals,
    find_answer,
    list_calls,
    mark_lost,
    record_answer,
    record_failure,
    usage_of,
)
from lorastudio.store.drafts import append_draft, start_draft
from lorastudio.store.endpoints import add_endpoint
from lorastudio.store.library import Library
from lorastudio.store.questions import list_questions
from tests.store.samples import first_question_id, new_cycle, sent_call


def answer(library: Library, call_id: int, text: str = "An answer", *, estimated: bool = False) -> None:
    record_answer(
        library,
        call_id,
        answer=text,
        reasoning="because",
        finish_reason="stop",
        usage=Usage(11, 7, estimated),
        elapsed_s=1.5,
    )


def test_a_call_is_sent_and_answered(library: Library) -> None:
    question_id = first_question_id(library)
    sent = sent_call(library, question_id, "key")
    assert (sent.state, sent.attempt, sent.purpose) == (CallState.SENT, 1, CallPurpose.DRAFT)
    assert find_answer(library, "key") is None
    answer(library, sent.id)
    found = find_answer(library, "key")
    assert found is not None
    assert (found.id, found.state, found.answer, found.finish_reason) == (
        sent.id,
        CallState.ANSWERED,
        "An answer",
        "stop",
    )
    assert (found.prompt_tokens, found.completion_tokens, found.tokens_estimated, found.elapsed_s) == (
        11,
        7,
        False,
        1.5,
    )


def test_attempts_of_a_key_are_counted(library: Library) -> None:
    question_id = first_question_id(library)
    first = sent_call(library, question_id, "key")
    record_failure(library, first.id, "500 Internal Server Error")
    second = sent_call(library, question_id, "key")
    assert second.attempt == 2
    assert find_answer(library, "key") is None
    answer(library, second.id)
    assert [call.state for call in list_calls(library, question_id)] == [CallState.FAILED, CallState.ANSWERED]
    assert list_calls(library, question_id)[0].error == "500 Internal Server Error"


def test_a_call_ends_once(library: Library) -> None:
    call = sent_call(library, first_question_id(library))
    answer(library, call.id)
    with pytest.raises(BugError, match="not in flight"):
        answer(library, call.id, "Another answer")
    with pytest.raises(BugError, match="not in flight"):
        record_failure(library, call.id, "late")


def test_lost_calls_cost_what_they_may_have_cost(library: Library) -> None:
    question_id = first_question_id(library)
    answered, flying = sent_call(library, question_id, "a"), sent_call(library, question_id, "b")
    answer(library, answered.id)
    draft = start_draft(library, question_id, 1, flying.id)
    append_draft(library, draft.id, "x" * 21)
    (lost,) = mark_lost(library)
    assert (lost.id, lost.state, lost.tokens_estimated) == (flying.id, CallState.LOST, True)
    assert (lost.prompt_tokens, lost.completion_tokens) == (3, 6)  # of 11 and 21 characters
    assert mark_lost(library) == []
    assert sent_call(library, question_id, "b").attempt == 2


def test_the_cost_of_a_cycle_counts_every_attempt(library: Library) -> None:
    cycle, other = new_cycle(library), new_cycle(library)
    first, second = (question.id for question in list_questions(library, cycle.id))
    for question_id, key in ((first, "a"), (second, "b")):
        answer(library, sent_call(library, question_id, key).id)
    record_failure(library, sent_call(library, first, "c").id, "down")
    assert usage_of(library, cycle.id) == CallTotals(3, 2, 0, 1, 22, 14, estimated=False, unpriced=3)
    sent_call(library, second, "d")
    mark_lost(library)
    assert usage_of(library, cycle.id) == CallTotals(4, 2, 1, 1, 25, 14, estimated=True, unpriced=4)
    assert usage_of(library, other.id) == CallTotals(0, 0, 0, 0, 0, 0, estimated=False)


def test_calls_are_listed_by_question_and_by_cycle(library: Library) -> None:
    cycle, other = new_cycle(library), new_cycle(library)
    first, second = list_questions(library, cycle.id)
    (elsewhere, _) = list_questions(library, other.id)
    calls = [sent_call(library, question.id, str(question.id)) for question in (first, second, elsewhere)]
    assert list_calls(library) == calls
    assert list_calls(library, cycle_id=cycle.id) == calls[:2]
    assert list_calls(library, question_id=second.id) == [calls[1]]


def test_what_failed_and_lost_calls_cost_is_counted_at_the_endpoints_prices(library: Library) -> None:
    add_endpoint(library, Endpoint("local", Role.WRITER, "http://127.0.0.1:1/v1", prompt_price=1.0, completion_price=2))
    cycle = new_cycle(library)
    question_id = list_questions(library, cycle.id)[0].id
    failed = sent_call(library, question_id, "failed")
    record_failure(library, failed.id, "dropped", usage=Usage(10, 20, True), cost_usd=5e-5)
    lost = sent_call(library, question_id, "lost")
    append_draft(library, start_draft(library, question_id, 1, lost.id).id, "x" * 40)
    (marked,) = mark_lost(library)
    assert (marked.prompt_tokens, marked.completion_tokens, marked.cost_usd) == (3, 10, (3 + 2 * 10) / 1e6)
    answer(library, sent_call(library, question_id, "unpriced").id)
    totals = usage_of(library, cycle.id)
    assert (totals.prompt_tokens, totals.completion_tokens, totals.estimated) == (10 + 3 + 11, 20 + 10 + 7, True)
    assert (totals.cost_usd, totals.unpriced) == (pytest.approx(5e-5 + 23e-6), 1)
