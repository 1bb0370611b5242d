from __future__ import annotations

from typing import Any

import pytest

from lorastudio.domain.draft import CallPurpose, CallState
from lorastudio.domain.errors import BugError, KnownError
from lorastudio.domain.pair import Decider, Origin, PairState, Split
from lorastudio.domain.verified import (
    AnswerState,
    Finding,
    Method,
    Outcome,
    Quorum,
    TeacherAnswer,
    Verification,
    VerificationState,
)
from lorastudio.store.calls import list_calls, mark_lost, record_sent, usage_of_verification
from lorastudio.store.groups import assign_splits
from lorastudio.store.library import Library
from lorastudio.store.pairs import list_pairs, undo
from lorastudio.store.questions import NewQuestion
from lorastudio.store.verified import (
    count_outcomes,
    create_verification,
    enter_pairs,
    get_verification,
    get_verified,
    list_asked_texts,
    list_queries,
    list_verifications,
    list_verified,
    reopen,
    set_verification_state,
    settle,
)
from tests.store.samples import new_pair


def new_verification(library: Library, *texts: str) -> Verification:
    return create_verification(
        library,
        quorum=Quorum(2, 3),
        teachers=("zoe", "ann", "bob"),
        writer=None,
        seed=5,
        settings={"method": "short"},
        questions=[NewQuestion(text, f"group of {text}", "en", {"max_words": 3}) for text in texts],
    )


def finding(outcome: Outcome = Outcome.AGREED, **changes: Any) -> Finding:
    answers = (
        TeacherAnswer("zoe", AnswerState.USABLE, "42", "number: 42", ("zoe", "bob")),
        TeacherAnswer("ann", AnswerState.FAILED, note="down"),
        TeacherAnswer("bob", AnswerState.USABLE, "42.", "number: 42", ("zoe", "bob")),
    )
    values: dict[str, Any] = {"answer": "42", "votes": 2, "confidence": 0.9}
    return Finding(outcome, Method.SHORT, answers, **(values | changes))


def test_a_verification_is_kept_with_its_questions(library: Library) -> None:
    made = new_verification(library, "6 × 7?", "7 × 6?")
    assert get_verification(library, made.id) == made == list_verifications(library)[0]
    assert (made.state, made.quorum, made.teachers) == (VerificationState.RUNNING, Quorum(2, 3), ("zoe", "ann", "bob"))
    first, second = list_queries(library, made.id)
    assert (first.position, first.text, first.checks, second.position) == (0, "6 × 7?", {"max_words": 3}, 1)
    assert count_outcomes(library, made.id)[Outcome.WAITING] == 2
    assert list_asked_texts(library) == {"6 × 7?", "7 × 6?"}
    set_verification_state(library, made.id, VerificationState.STOPPED)
    assert get_verification(library, made.id).state is VerificationState.STOPPED
    with pytest.raises(KnownError, match="no verification 9"):
        get_verification(library, 9)


def test_what_a_question_came_to_is_kept_whole_and_once(library: Library) -> None:
    made = new_verification(library, "6 × 7?", "7 × 6?", "1?")
    first, second, third = list_queries(library, made.id)
    settle(library, first.id, finding())
    settle(library, second.id, finding(Outcome.DISAGREED, confidence=0.3))
    with pytest.raises(BugError, match="does not wait"):
        settle(library, first.id, finding())
    (response,) = list_verified(library)
    assert response == get_verified(library, first.id)
    assert response.finding == finding()
    assert response.date.endswith("Z")
    assert [item.query.id for item in list_verified(library, outcome=None)] == [first.id, second.id]
    assert list_verified(library, min_confidence=0.91) == []
    assert list_verified(library, verification_id=made.id + 1) == []
    assert list_verified(library, after_id=first.id) == []
    with pytest.raises(KnownError, match="no verified response"):
        get_verified(library, third.id)


def test_questions_without_enough_answers_can_wait_again(library: Library) -> None:
    made = new_verification(library, "6 × 7?", "7 × 6?")
    first, second = list_queries(library, made.id)
    settle(library, first.id, finding(Outcome.TOO_FEW))
    settle(library, second.id, finding())
    assert reopen(library, made.id) == 1
    assert [query.id for query in list_queries(library, made.id, Outcome.WAITING)] == [first.id]
    settle(library, first.id, finding())
    assert len(list_verified(library)) == 2


def test_pairs_come_in_as_one_undo_step_in_their_states(library: Library) -> None:
    made = new_verification(library, "a", "b", "c")
    first, second, third = list_queries(library, made.id)
    for query in (first, second, third):
        settle(library, query.id, finding())
    assign_splits(library, {"group": Split.TRAIN})
    sure, unsure = (new_pair(text, origin=Origin.VERIFIED) for text in ("a", "b"))
    changes = enter_pairs(library, made.id, {first.id: sure}, {second.id: unsure})
    assert changes.undo_label == f"pairs of verification {made.id}"
    standing = {pair.good: (pair.state, pair.decided_by) for pair in list_pairs(library)}
    assert standing == {
        "good a": (PairState.ACCEPTED, Decider.RULE),
        "good b": (PairState.PENDING, Decider.NOBODY),
    }
    # What is there already comes in no second time, and leaves nothing to undo.
    assert enter_pairs(library, made.id, {third.id: sure}, {}).pairs == ()
    assert [item.import_id is None for item in list_verified(library)] == [False, False, False]
    undo(library)
    assert list_pairs(library) == []


def test_a_call_may_belong_to_a_verification(library: Library) -> None:
    made = new_verification(library, "a")
    values: dict[str, Any] = {"iteration": 1, "purpose": CallPurpose.TEACH, "endpoint": "zoe", "request": {}}
    record_sent(library, key="v1/0/teach/0", question_id=None, verification_id=made.id, **values)
    (lost,) = mark_lost(library)
    assert list_calls(library, verification_id=made.id) == [lost] == list_calls(library)
    assert (lost.verification_id, lost.question_id, lost.state) == (made.id, None, CallState.LOST)
    assert list_calls(library, cycle_id=1) == []
    assert (usage_of_verification(library, made.id).calls, usage_of_verification(library, made.id + 1).calls) == (1, 0)
