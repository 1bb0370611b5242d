"""The closed loop by `cycle --train`."""

from __future__ import annotations

from tests.end_to_end.conftest import QUESTIONS, Prepared


def test_a_cycle_with_training_goes_through_all_stages_to_deployment(prepared: Prepared) -> None:
    stages = [event["stage"] for event in prepared.events if event["event"] == "stage"]
    assert stages == ["drafting", "extracting", "accepting", "training", "gating", "deploying"]
    last = dict(prepared.events[-1])
    pairs = last.pop("pairs")
    assert pairs > 0
    assert last == {
        "event": "cycle_done",
        "cycle": 1,
        "questions": QUESTIONS,
        "version": 1,
        "verdict": "better",
        "deployed": True,
    }
    trained = next(event for event in prepared.events if event["event"] == "done")
    assert {"event", "run", "version", "final_loss", "validation_accuracy"} <= trained.keys()


def test_a_cycle_says_that_nobody_looked_at_the_pairs(prepared: Prepared) -> None:
    assert "Nobody has looked at them: the confidence rule (at least 0.8) accepted" in prepared.words
    (accepted,) = [event for event in prepared.events if event["event"] == "accepted_by_rule"]
    assert accepted["accepted"] > 0
