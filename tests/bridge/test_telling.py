"""What can be said about a job, out of its events."""

from __future__ import annotations

from lorastudio.bridge.telling import Telling
from lorastudio.domain.cycle_events import StageBegan
from lorastudio.domain.draft import StopReason
from lorastudio.domain.drafting_events import CycleStarted, QuestionFailed, QuestionFinished
from lorastudio.domain.events import Event, Progressed
from lorastudio.domain.training_events import PhaseBegan, StepDone
from lorastudio.ui.wording import time_left


def after(*events: Event) -> Telling:
    telling = Telling()
    for event in events:
        telling.hear(event)
    return telling


def test_drafting_counts_questions_also_the_failed_ones() -> None:
    telling = after(
        StageBegan(1, "drafting"),
        CycleStarted(1, 12, 10, "w", "c"),
        QuestionFinished(3, 2, StopReason.SCORE_REACHED, 9, 0.9, 3),
        QuestionFailed(4, 3, "no answer"),
    )
    assert telling.stage == "drafting"
    assert telling.progress is not None and (telling.progress.done, telling.progress.total) == (4, 12)
    assert telling.warnings == ["Question 4 failed: no answer"]
    assert telling.milestone


def test_training_tells_its_step_and_time_left() -> None:
    telling = after(PhaseBegan("loading"), StepDone(7, 744, 1200, 0.4, 360.0, {}))
    assert telling.step == "Training: step"
    assert telling.progress is not None and telling.progress.left_s == 360.0


def test_a_new_stage_takes_the_old_figure_away() -> None:
    assert after(Progressed("pairs", 3, 9), StageBegan(1, "gating")).progress is None


def test_time_left_in_words() -> None:
    assert [time_left(s) for s in (None, 0.2, 40, 360, 7200)] == [
        "",
        "1 s left",
        "40 s left",
        "6 min left",
        "2.0 h left",
    ]
