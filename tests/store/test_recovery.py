from __future__ import annotations

from lorastudio.domain.draft import CallState, DraftState, QuestionState
from lorastudio.domain.pair import Split
from lorastudio.domain.run import RunState
from lorastudio.store.calls import list_calls
from lorastudio.store.drafts import list_drafts, start_draft
from lorastudio.store.groups import assign_splits
from lorastudio.store.imports import begin_import, stage_pairs
from lorastudio.store.library import Library
from lorastudio.store.questions import get_question, set_question_state
from lorastudio.store.recovery import Recovered, recover
from lorastudio.store.runs import create_run, list_runs, update_run
from tests.store.samples import first_question_id, new_pair, sent_call


def test_a_start_mends_what_a_kill_left(library: Library) -> None:
    question_id = first_question_id(library)
    set_question_state(library, question_id, QuestionState.RUNNING)
    start_draft(library, question_id, 1, sent_call(library, question_id).id)
    run = create_run(library, config={}, base_model="practice")
    update_run(library, run.id, state=RunState.RUNNING)
    assign_splits(library, {"group": Split.TRAIN})
    stage_pairs(library, begin_import(library, "f", "seed"), [new_pair("a")])

    recovered = recover(library)

    assert recovered == Recovered(1, 1, 1, 1, 1)
    assert len(recovered.lines()) == 5
    assert "Training runs cut short, which `lorastudio resume` goes on with: 1." in recovered.lines()
    assert [call.state for call in list_calls(library)] == [CallState.LOST]
    assert [draft.state for draft in list_drafts(library, question_id)] == [DraftState.INTERRUPTED]
    assert get_question(library, question_id).state is QuestionState.WAITING
    assert [run.state for run in list_runs(library)] == [RunState.INTERRUPTED]
    assert library.value("SELECT count(*) FROM pairs") == 0


def test_after_an_orderly_end_there_is_nothing_to_mend(library: Library) -> None:
    first_question_id(library)
    assert recover(library) == Recovered(0, 0, 0, 0, 0)
    assert recover(library).lines() == []
