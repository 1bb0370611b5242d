from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled, KnownError
from lorastudio.domain.events import Event, Warned, as_json
from lorastudio.domain.gate import GateReport, Verdict
from lorastudio.domain.gate_events import GateFinished, GateStarted
from lorastudio.processes.jobs import Worker
from lorastudio.services.gate_answers import WorkerSource
from lorastudio.services.gate_evidence import Judge
from lorastudio.services.gating import gate_version
from lorastudio.store.deployments import begin_deployment, finish_deployment, flip
from lorastudio.store.gate_looks import last_report, list_looks
from lorastudio.store.gate_questions import NewGateQuestion, add_gate_questions
from lorastudio.store.library import Library
from lorastudio.store.versions import get_version
from tests.services.practice_versions import INVERTED, RUINED, TAUGHT, add_practice_gate_questions, practice_rows


def report_of(events: list[Event]) -> GateReport:
    assert isinstance(events[-1], GateFinished)
    return events[-1].report


@dataclass
class Gate:
    """The gate of one library, with the shared worker unless another one is given."""

    library: Library
    worker: Worker

    def events(
        self,
        version: int,
        *,
        judge: Judge | None = None,
        cancel: CancelToken | None = None,
        worker: WorkerSource | None = None,
    ) -> list[Event]:
        source = worker or (lambda: nullcontext(self.worker))
        return list(gate_version(self.library, version, cancel=cancel or CancelToken(), judge=judge, worker=source))

    def report(self, version: int) -> GateReport:
        return report_of(self.events(version))


@pytest.fixture
def gate(library: Library, shared_worker: Worker) -> Gate:
    return Gate(library, shared_worker)


def make_live(library: Library, version: int) -> None:
    number = begin_deployment(library, target="local", version=version, previous=None, kind="deploy", reason="")
    flip(library, number)
    finish_deployment(library, number, "done", "")


def no_worker() -> Worker:
    raise AssertionError("everything was answered already")


def spoken(report: GateReport) -> set[str]:
    return {guard.name for guard in report.guards if not guard.ok}


def test_a_version_that_learnt_is_better_and_written_down(gate: Gate) -> None:
    add_practice_gate_questions(gate.library)
    events = gate.events(TAUGHT)
    assert events[0] == GateStarted(TAUGHT, "base", look=1, questions=32, samples=4)
    report = report_of(events)
    assert report.verdict is Verdict.BETTER
    assert report.gain is not None
    assert report.gain > 20
    assert spoken(report) == set()
    assert {"candidate", "base"} == set(report.details)
    assert report.details["candidate"]["quality"] > report.details["base"]["quality"]
    version = get_version(gate.library, TAUGHT)
    assert (version.verdict, version.gate_accuracy) == ("better", report.accuracy)
    assert last_report(gate.library, TAUGHT) == json.loads(json.dumps(as_json(report)))


def test_inverted_labels_are_refused(gate: Gate) -> None:
    add_practice_gate_questions(gate.library)
    assert gate.report(INVERTED).verdict is Verdict.WORSE


def test_ruined_samples_are_refused_although_every_preference_is_right(gate: Gate) -> None:
    add_practice_gate_questions(gate.library)
    report = gate.report(RUINED)
    assert report.verdict is Verdict.WORSE
    assert report.accuracy == 0.0
    assert get_version(gate.library, RUINED).validation_accuracy == 1.0


def test_the_live_version_is_the_one_to_beat_and_the_base_the_floor(gate: Gate) -> None:
    add_practice_gate_questions(gate.library)
    make_live(gate.library, TAUGHT)
    report = gate.report(INVERTED)
    assert report.against == "version 1"
    assert report.verdict is Verdict.WORSE
    assert set(report.details) == {"candidate", "live", "base"}
    assert any(guard.name == "not worse than the base" for guard in report.guards)


def test_the_same_library_gives_the_same_figures_and_looks_are_counted(gate: Gate) -> None:
    add_practice_gate_questions(gate.library, 6)
    first = gate.report(TAUGHT)
    folder = gate.library.home / "gates"
    answers = (folder / "1" / "sample.out.jsonl").read_bytes()
    gate.library.execute("DELETE FROM gate_looks")
    (folder / "1" / "sample.out.jsonl").unlink()
    assert gate.report(TAUGHT) == first
    assert (folder / "1" / "sample.out.jsonl").read_bytes() == answers
    second = gate.report(TAUGHT)
    assert (first.look, second.look) == (1, 2)
    assert second.level < first.level
    assert (folder / "2" / "sample.out.jsonl").read_bytes() != answers


def test_a_stopped_look_goes_on_with_its_answers_and_counts_once(gate: Gate) -> None:
    add_practice_gate_questions(gate.library, 4)
    add_gate_questions(gate.library, [NewGateQuestion("Say something.", "free", "en")])
    cancel, asked = CancelToken(), []

    def stop_when_asked(question: str, answer: str, other: str, seed: int) -> int:
        asked.append(question)
        cancel.cancel()
        raise Cancelled

    with pytest.raises(Cancelled):
        gate.events(TAUGHT, cancel=cancel, judge=Judge(stop_when_asked))
    judge = Judge(lambda question, answer, other, seed: 1)
    report = report_of(gate.events(TAUGHT, judge=judge, worker=no_worker))
    assert (asked, report.look, len(list_looks(gate.library))) == (["Say something."], 1, 1)


def test_questions_without_checks_are_judged_in_words_that_are_kept(gate: Gate) -> None:
    texts = [f"Tell me about {topic}." for topic in ("copper", "cobalt", "nickel")]
    add_gate_questions(gate.library, [NewGateQuestion(text, text, "en") for text in texts])
    judge = Judge(lambda question, answer, other, seed: 1, "The judge is also the critic.")
    report = report_of(gate.events(TAUGHT, judge=judge))
    assert report.primary == "win rate by the judge"
    assert (report.gain, report.n, report.accuracy, report.baseline) == (100.0, 3, 1.0, 0.0)
    assert "The judge is also the critic." in report.reasons
    kept = (gate.library.home / "gates" / "1" / "judged.jsonl").read_text().splitlines()
    assert [json.loads(line)["word"] for line in kept] == [1] * 3


def test_without_checks_and_judge_it_says_so(gate: Gate) -> None:
    add_gate_questions(gate.library, [NewGateQuestion("Tell me about copper.", "a", "en")])
    events = gate.events(TAUGHT)
    assert any(isinstance(event, Warned) and "no judge" in event.message for event in events)
    assert report_of(events).verdict is Verdict.NOT_ENOUGH_EVIDENCE


def test_a_gate_question_among_the_training_prompts_is_contamination(gate: Gate) -> None:
    add_practice_gate_questions(gate.library, 4)
    trained = practice_rows(1)[0]["prompt"][0]["content"]
    add_gate_questions(gate.library, [NewGateQuestion(trained.upper(), "leak", "en", {"min_words": 1})])
    report = gate.report(TAUGHT)
    assert "contamination" in spoken(report)
    assert report.verdict is Verdict.WORSE


def test_without_gate_questions_nothing_can_be_judged(gate: Gate) -> None:
    gate.library.execute("UPDATE versions SET base_model = 'another' WHERE version = 1")
    with pytest.raises(KnownError, match="no gate questions"):
        gate.report(TAUGHT)


def test_versions_of_two_base_models_do_not_compare(gate: Gate) -> None:
    add_practice_gate_questions(gate.library, 4)
    make_live(gate.library, TAUGHT)
    gate.library.execute("UPDATE versions SET base_model = 'another' WHERE version = 1")
    with pytest.raises(KnownError, match="base models are practice and another"):
        gate.report(INVERTED)
    assert list_looks(gate.library) == []
