"""Planted faults tell a critic that sees from one that does not."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from lorastudio.datasets.defects import Planted, plantable
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.critic_trial import DefectKind, TrialOutcome
from lorastudio.domain.draft import CallPurpose, Issue
from lorastudio.domain.drafting_events import CriticReported, CriticTried, QuestionFinished
from lorastudio.domain.endpoint import Endpoint, Role
from lorastudio.domain.errors import KnownError
from lorastudio.domain.events import Event, Warned
from lorastudio.practice.hosting import hosted
from lorastudio.practice.server import create_app
from lorastudio.services.critic_check import check_critic, critic_records, shipped_specimens
from lorastudio.services.drafting.calibration import judge_control, judge_planted
from lorastudio.services.drafting.critic import Verdict
from lorastudio.services.drafting.cycle_drafting import draft_cycle
from lorastudio.services.servers import CRITIC as PRACTICE_CRITIC
from lorastudio.services.servers import LocalServers
from lorastudio.store.calls import list_calls, usage_of
from lorastudio.store.critic_trials import list_trials
from lorastudio.store.critiques import get_critique
from lorastudio.store.drafts import list_drafts
from lorastudio.store.endpoints import add_endpoint
from lorastudio.store.library import Library
from lorastudio.store.questions import list_questions
from tests.servers import Reply, Request, refusal, scripted, stream
from tests.services.drafting.world import CRITIC, FixedServers, open_library, practice_cycle, practice_writer

FULL = dict.fromkeys(
    ("correct", "complete", "clear", "sourced", "register", "evidence", "structure", "safe", "explained"), 4
) | dict.fromkeys(("meaning", "terms", "fluency"), 4)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path / "home") as opened:
        yield opened


def of(told: list[Event], kind: type) -> list:
    return [event for event in told if isinstance(event, kind)]


def test_a_cycle_measures_an_honest_critic(library: Library) -> None:
    cycle = practice_cycle(library, 4, calibrate_every=1)
    with hosted(create_app()) as critic, scripted(practice_writer) as writer:
        told = list(draft_cycle(library, cycle.id, FixedServers(writer.url, critic), CancelToken()))
    tried = of(told, CriticTried)
    assert [event.outcome for event in tried if event.kind is None] == [TrialOutcome.CLEAN] * 4
    assert [event.outcome for event in tried if event.kind] == [TrialOutcome.FOUND] * 4
    (report,) = of(told, CriticReported)
    assert (report.critic, report.planted, report.found, report.controls, report.alarms) == (CRITIC, 4, 4, 4, 0)
    assert report.complaints == () and not of(told, Warned)
    # A planted fault is no draft of the question: nothing of it is judged, kept as best or paired.
    assert {event.best_score for event in of(told, QuestionFinished)} == {1.0}
    for question in list_questions(library, cycle.id):
        assert all(get_critique(library, draft.id) for draft in list_drafts(library, question.id))
    purposes = [call.purpose for call in list_calls(library, cycle_id=cycle.id)]
    assert purposes.count(CallPurpose.CALIBRATE) == 8
    assert usage_of(library, cycle.id).calls == len(purposes)


def blind(request: Request) -> Reply:
    return stream(json.dumps({"scores": FULL, "issues": [], "abstain": False}))


def test_a_blind_critic_is_reported(library: Library) -> None:
    with scripted(blind) as server:
        add_endpoint(library, Endpoint(CRITIC, Role.CRITIC, server.url, model="tiny"))
        servers = FixedServers(server.url, server.url)
        told = list(check_critic(library, servers, CancelToken(), answers=3))
    (report,) = of(told, CriticReported)
    assert report.found == report.alarms == 0
    assert report.planted > 10 and report.controls == 3
    (warning,) = of(told, Warned)
    assert f"found 0 of {report.planted} planted faults" in warning.message
    assert "never saw: number changed" in warning.message
    assert len(server.chats) == report.planted + report.controls
    # Asked again it is asked anew, and the record grows.
    with scripted(blind) as server:
        list(check_critic(library, FixedServers(server.url, server.url), CancelToken(), answers=1))
        assert len(server.chats) > 3
    (record,) = critic_records(library)
    assert record.controls == 4 and record.hit_rate == 0.0


def test_a_critic_that_blames_everything_is_reported_for_its_alarms(library: Library) -> None:
    def harsh(request: Request) -> Reply:
        issue = {"criterion": next(iter(FULL)), "message": "No.", "quote": "", "severe": True}
        return stream(json.dumps({"scores": dict.fromkeys(FULL, 1), "issues": [issue], "abstain": False}))

    with scripted(harsh) as server:
        add_endpoint(library, Endpoint(CRITIC, Role.CRITIC, server.url, model="tiny"))
        told = list(check_critic(library, FixedServers(server.url, server.url), CancelToken(), answers=6))
    (report,) = of(told, CriticReported)
    assert report.alarms >= 4
    assert any("unchanged answers" in words for words in report.complaints)


def test_a_practice_critic_that_loves_hype_is_caught(library: Library) -> None:
    with LocalServers(library, taste="hype") as servers:
        told = list(check_critic(library, servers, CancelToken(), name=PRACTICE_CRITIC))
    (report,) = of(told, CriticReported)
    assert report.kinds["hype added"][0] == 0
    assert of(told, Warned)


def test_a_check_of_a_server_that_fails_ends_in_words_and_keeps_what_it_learnt(library: Library) -> None:
    def dies(request: Request) -> Reply:
        return blind(request) if request.index < 2 else refusal(401, "no such key")

    with scripted(dies) as server:
        add_endpoint(library, Endpoint(CRITIC, Role.CRITIC, server.url, model="tiny", concurrency=1))
        with pytest.raises(KnownError, match="no such key"):
            list(check_critic(library, FixedServers(server.url, server.url, concurrency=1), CancelToken()))
    assert [trial.outcome for trial in list_trials(library)] == [TrialOutcome.CLEAN, TrialOutcome.MISSED]


def test_the_shipped_answers_offer_a_place_for_every_kind_of_fault() -> None:
    planted = [
        fault
        for specimen in shipped_specimens()
        for fault in plantable(specimen.answer, DefectKind, specimen.question.language, random.Random(1))
    ]
    assert {fault.kind for fault in planted} == set(DefectKind)


@pytest.mark.parametrize(
    ("score", "quote", "outcome"),
    [
        (1.0, "", TrialOutcome.MISSED),
        (0.98, "", TrialOutcome.MISSED),
        (0.75, "", TrialOutcome.FOUND),
        (1.0, "is not", TrialOutcome.FOUND),
        (1.0, "It is not so", TrialOutcome.FOUND),
        (1.0, "elsewhere", TrialOutcome.MISSED),
        (None, "", TrialOutcome.UNREADABLE),
    ],
)
def test_when_a_fault_counts_as_found(score: float | None, quote: str, outcome: TrialOutcome) -> None:
    issues = (Issue("clear", "Hm.", quote),) if quote else ()
    fault = Planted(DefectKind.NEGATION, "It is not so.", ("is not",))
    assert judge_planted(Verdict(score, 0.0, {}, issues), fault, 1.0) is outcome


def test_when_an_unchanged_answer_counts_as_blamed() -> None:
    severe = (Issue("clear", "Hm.", "", severe=True),)
    assert judge_control(Verdict(1.0, 0.0, {}, ()), 1.0) is TrialOutcome.CLEAN
    assert judge_control(Verdict(0.9, 0.0, {}, ()), 1.0) is TrialOutcome.ALARM
    assert judge_control(Verdict(0.9, 0.0, {}, ()), None) is TrialOutcome.CLEAN
    assert judge_control(Verdict(1.0, 0.0, {}, severe), 1.0) is TrialOutcome.ALARM
    assert judge_control(Verdict(None, 0.0, {}, ()), 1.0) is TrialOutcome.UNREADABLE
