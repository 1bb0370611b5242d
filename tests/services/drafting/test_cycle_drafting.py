"""Whole cycles over real HTTP: the practice critic, and writers that do as they are told."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.draft import CallPurpose, CallState, CycleState, DraftState, QuestionState, StopReason
from lorastudio.domain.drafting_events import (
    CallRetried,
    CritiqueFinished,
    CycleFinished,
    CycleStarted,
    DraftFinished,
    DraftGrew,
    QuestionFailed,
    QuestionFinished,
)
from lorastudio.domain.endpoint import Sampling
from lorastudio.domain.errors import KnownError
from lorastudio.domain.events import Event, Warned, as_record
from lorastudio.endpoints.client import ChatClient
from lorastudio.practice.hosting import hosted
from lorastudio.practice.manners import parse_manners
from lorastudio.practice.server import create_app
from lorastudio.services.drafting.cycle_drafting import draft_cycle
from lorastudio.store.calls import list_calls
from lorastudio.store.critiques import get_critique
from lorastudio.store.cycles import get_cycle
from lorastudio.store.drafts import list_drafts
from lorastudio.store.library import Library
from lorastudio.store.questions import NewQuestion, list_questions
from tests.servers import EVENTS, Reply, Request, events, refusal, scripted, stream
from tests.services.drafting.world import FixedServers, cycle_of, open_library, practice_cycle, practice_writer

Kind = TypeVar("Kind", bound=Event)

GRADE = {"correct": 2, "complete": 2, "clear": 2, "sourced": 2, "register": 2}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def critic_url() -> Iterator[str]:
    with hosted(create_app()) as url:
        yield url


def run(library: Library, cycle_id: int, servers: FixedServers) -> list[Event]:
    return list(draft_cycle(library, cycle_id, servers, CancelToken()))


def of(events: list[Event], kind: type[Kind]) -> list[Kind]:
    return [event for event in events if isinstance(event, kind)]


def graded(*scores: int, text: str = "") -> Callable[[Request], Reply]:
    """A critic that gives every criterion the next score, whatever it reads."""
    return lambda request: stream(
        json.dumps({"scores": dict.fromkeys(GRADE, scores[min(request.index, len(scores) - 1)]), "issues": []})
    )


def numbered(request: Request) -> Reply:
    """A writer whose drafts all differ."""
    return stream(f"{'other ' * request.index}draft number {request.index}")


def why(**checks: object) -> list[NewQuestion]:
    return [NewQuestion("Why is the sky blue?", "sky", "en", checks)]


def test_practice_questions_are_drafted_until_they_are_perfect(library: Library, critic_url: str) -> None:
    cycle = practice_cycle(library, 5)
    with scripted(practice_writer) as writer:
        told = run(library, cycle.id, FixedServers(writer.url, critic_url))
    assert isinstance(told[0], CycleStarted) and isinstance(told[-1], CycleFinished)
    finished = of(told, QuestionFinished)
    assert [event.stop_reason for event in finished] == [StopReason.SCORE_REACHED] * 5
    assert {event.best_score for event in finished} == {1.0}
    assert {event.iterations for event in finished} == {4}
    for question in list_questions(library, cycle.id, QuestionState.DONE):
        drafts = list_drafts(library, question.id)
        scores = [critique.score for draft in drafts if (critique := get_critique(library, draft.id))]
        assert scores == [0.25, 0.5, 0.75, 1.0]
        assert question.best_draft_id == drafts[-1].id
    calls = list_calls(library, cycle_id=cycle.id)
    assert {call.state for call in calls} == {CallState.ANSWERED}
    assert len(calls) == len({call.key for call in calls}) == 40
    assert (told[-1].calls, told[-1].done, told[-1].estimated) == (40, 5, False)
    assert get_cycle(library, cycle.id).state is CycleState.FINISHED
    for event in told:
        json.dumps(as_record(event), allow_nan=False)


def test_the_same_seed_gives_the_same_drafts_whatever_the_concurrency(tmp_path: Path, critic_url: str) -> None:
    texts = []
    for concurrency in (1, 8):
        with open_library(tmp_path / str(concurrency)) as library, scripted(practice_writer) as writer:
            cycle = practice_cycle(library, 6)
            run(library, cycle.id, FixedServers(writer.url, critic_url, concurrency))
            questions = list_questions(library, cycle.id)
            texts.append([[draft.text for draft in list_drafts(library, item.id)] for item in questions])
            assert writer.most_at_once <= concurrency
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    "manners",
    [
        "ignores-response-format",
        "fenced-json",
        "broken-json",
        "no-usage",
        "wrong-usage",
        "slow-drip:0.001",
        "429:0.01*3",
        "500*2",
        "dropped-stream*2",
        "prose*1",
        "cut-json*1",
    ],
)
def test_every_bad_manner_of_the_critic_is_survived(library: Library, manners: str) -> None:
    cycle = practice_cycle(library, 2)
    with hosted(create_app(parse_manners(manners))) as critic, scripted(practice_writer) as writer:
        told = run(library, cycle.id, FixedServers(writer.url, critic))
    assert [event.best_score for event in of(told, QuestionFinished)] == [1.0, 1.0]
    assert isinstance(told[-1], CycleFinished)
    # What a dropped stream had sent is counted too, by estimate.
    assert told[-1].estimated is manners.startswith(("no-usage", "wrong-usage", "dropped"))
    assert bool(of(told, CallRetried)) is manners.startswith(("429", "500", "dropped"))


def test_scores_alone_in_lines_are_enough(library: Library) -> None:
    cycle = practice_cycle(library, 1)
    with hosted(create_app(parse_manners("lines"))) as critic, scripted(practice_writer) as writer:
        told = run(library, cycle.id, FixedServers(writer.url, critic))
    assert [event.best_score for event in of(told, QuestionFinished)] == [1.0]
    assert len([call for call in list_calls(library) if call.purpose is CallPurpose.CRITIQUE]) == 8


def test_a_critic_that_says_nothing_usable_ends_the_question_after_two(library: Library) -> None:
    cycle = practice_cycle(library, 1)
    with hosted(create_app(parse_manners("prose"))) as critic, scripted(practice_writer) as writer:
        (finished,) = of(run(library, cycle.id, FixedServers(writer.url, critic)), QuestionFinished)
    assert (finished.stop_reason, finished.best_draft_id, finished.iterations) == (StopReason.ABSTAINED, None, 2)


def test_a_silent_critic_fails_its_question_in_words(library: Library) -> None:
    cycle = practice_cycle(library, 1)
    with hosted(create_app(parse_manners("stall"))) as critic, scripted(practice_writer) as writer:
        told = run(library, cycle.id, FixedServers(writer.url, critic, idle_timeout_s=0.1))
    (failed,) = of(told, QuestionFailed)
    assert "went silent" in failed.error
    (question,) = list_questions(library, cycle.id)
    assert (question.state, question.error) == (QuestionState.FAILED, failed.error)


def test_a_failed_question_does_not_end_the_cycle(library: Library, critic_url: str) -> None:
    cycle = practice_cycle(library, 3)
    doomed = list_questions(library, cycle.id)[1]

    def script(request: Request) -> Reply:
        if doomed.text in request.body["messages"][-1]["content"]:
            return refusal(400, "I don't like this one")
        return practice_writer(request)

    with scripted(script) as writer:
        told = run(library, cycle.id, FixedServers(writer.url, critic_url))
    assert [event.position for event in of(told, QuestionFailed)] == [1]
    assert isinstance(told[-1], CycleFinished)
    assert (told[-1].done, told[-1].failed, told[-1].state) == (2, 1, CycleState.FINISHED)
    assert [call.state for call in list_calls(library, question_id=doomed.id)] == [CallState.FAILED]
    assert [draft.state for draft in list_drafts(library, doomed.id)] == [DraftState.INTERRUPTED]


def test_the_best_draft_is_kept_and_falling_scores_end_the_loop(library: Library) -> None:
    cycle = cycle_of(library, why())
    with scripted(numbered) as writer, scripted(graded(2, 3, 2, 1)) as critic:
        told = run(library, cycle.id, FixedServers(writer.url, critic.url))
    (finished,) = of(told, QuestionFinished)
    assert (finished.stop_reason, finished.best_score) == (StopReason.SCORE_FELL, 0.75)
    assert finished.best_draft_id == of(told, DraftFinished)[1].draft_id


def test_several_critiques_give_median_and_spread(library: Library) -> None:
    cycle = cycle_of(library, why(), max_iterations=1, critiques_per_draft=3)
    with scripted(numbered) as writer, scripted(graded(1, 3, 4)) as critic:
        (verdict,) = of(run(library, cycle.id, FixedServers(writer.url, critic.url)), CritiqueFinished)
    assert verdict.score == 0.75
    assert verdict.spread > 0.2
    assert len({request.body["seed"] for request in critic.chats}) == 3


def test_a_draft_cut_by_the_limit_is_not_judged_and_never_best(library: Library) -> None:
    def script(request: Request) -> Reply:
        return stream("Far too lo", finish="length") if request.index == 0 else stream("Short.")

    cycle = cycle_of(library, why(), max_iterations=3)
    with scripted(script) as writer, scripted(graded(4)) as critic:
        told = run(library, cycle.id, FixedServers(writer.url, critic.url))
    assert [event.state for event in of(told, DraftFinished)] == [DraftState.TRUNCATED, DraftState.FINISHED]
    assert len(of(told, CritiqueFinished)) == 1
    assert "cut off" in writer.chats[1].body["messages"][0]["content"]


@pytest.mark.parametrize("thought", ["<think>hm</think>", "<think>never ends: {}"])
def test_only_unusable_drafts_fail_the_question(library: Library, thought: str) -> None:
    cycle = cycle_of(library, why(), max_iterations=2)
    with scripted(lambda _: stream(thought)) as writer, scripted(graded(4)) as critic:
        (failed,) = of(run(library, cycle.id, FixedServers(writer.url, critic.url)), QuestionFailed)
    assert "No draft could be used" in failed.error
    assert critic.chats == []


def test_notes_and_reasoning_are_kept_apart_from_the_draft(library: Library) -> None:
    def script(request: Request) -> Reply:
        return stream("<think>hm</think>First." if request.index == 0 else "Second.\n[REJECTED]\n1. No.")

    cycle = cycle_of(library, why(), max_iterations=2)
    with scripted(script) as writer, scripted(graded(2, 4)) as critic:
        run(library, cycle.id, FixedServers(writer.url, critic.url))
    (question,) = list_questions(library, cycle.id)
    drafts = list_drafts(library, question.id)
    assert [(draft.text, draft.reasoning) for draft in drafts] == [("First.", "hm"), ("Second.", "1. No.")]


def test_checks_in_code_keep_a_praised_draft_from_ending_the_loop(library: Library) -> None:
    cycle = cycle_of(library, why(contains="scattering"), max_iterations=2)
    with scripted(numbered) as writer, scripted(graded(4)) as critic:
        told = run(library, cycle.id, FixedServers(writer.url, critic.url))
    (finished,) = of(told, QuestionFinished)
    assert (finished.stop_reason, finished.best_score) == (StopReason.MAX_ITERATIONS, 0.5)
    assert "contains" in writer.chats[1].body["messages"][0]["content"]


@pytest.mark.parametrize(
    "settings", [{"budget_tokens": 1}, {"budget_s": 0.0}, {"budget_usd": 1e-9}], ids=["tokens", "time", "money"]
)
def test_a_budget_ends_what_has_not_begun(library: Library, settings: dict[str, float]) -> None:
    cycle = cycle_of(library, why() * 3, **settings)
    with scripted(numbered) as writer, scripted(graded(1)) as critic:
        servers = FixedServers(writer.url, critic.url, concurrency=1, prompt_price=1.0, completion_price=2.0)
        told = run(library, cycle.id, servers)
    finished = of(told, QuestionFinished)
    assert {event.stop_reason for event in finished} == {StopReason.BUDGET}
    assert [event.iterations for event in finished] == [0, 0, 0]
    assert not writer.chats and not critic.chats


def test_sixteen_questions_are_asked_at_once(library: Library, critic_url: str) -> None:
    together = threading.Barrier(16, timeout=20)

    def script(request: Request) -> Reply:
        if " Draft: " not in request.body["messages"][-1]["content"]:
            together.wait()
        return practice_writer(request)

    cycle = practice_cycle(library, 16)
    with scripted(script) as writer:
        told = run(library, cycle.id, FixedServers(writer.url, critic_url, concurrency=16))
    assert len(of(told, QuestionFinished)) == 16
    assert writer.most_at_once == 16


def test_growing_drafts_are_shown_and_kept(library: Library, critic_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lorastudio.services.drafting.writer.KEEP_EVERY_S", 0.0)
    cycle = practice_cycle(library, 1, max_iterations=1)
    kept: list[str] = []
    shown = ""
    with scripted(lambda request: practice_writer(request, pause_s=0.04)) as writer:
        for event in draft_cycle(library, cycle.id, FixedServers(writer.url, critic_url), CancelToken()):
            if isinstance(event, DraftGrew):
                shown += event.text
                kept.append(list_drafts(library, event.question_id)[0].text)
            if isinstance(event, DraftFinished):
                assert event.text == shown
    assert len(kept) > 3
    assert "" not in kept[1:]


@pytest.mark.parametrize("how", ["cancel", "close"])
def test_stopping_leaves_no_thread_and_can_be_taken_up_again(library: Library, critic_url: str, how: str) -> None:
    cycle = practice_cycle(library, 6)
    cancel = CancelToken()
    with scripted(lambda request: practice_writer(request, pause_s=0.005)) as writer:
        servers = FixedServers(writer.url, critic_url)
        work = draft_cycle(library, cycle.id, servers, cancel)
        told: list[Event] = []
        for event in work:
            told.append(event)
            if len(of(told, CritiqueFinished)) == 3:
                if how == "close":
                    work.close()  # type: ignore[attr-defined]
                else:
                    cancel.cancel()
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("drafting")]
        assert get_cycle(library, cycle.id).state is CycleState.STOPPED
        assert {item.state for item in list_questions(library, cycle.id)} <= {QuestionState.WAITING, QuestionState.DONE}
        answered = [call.key for call in list_calls(library) if call.state is CallState.ANSWERED]
        asked_before = len(writer.chats)
        again = run(library, cycle.id, servers)
    assert isinstance(again[-1], CycleFinished)
    assert (again[-1].done, again[-1].state) == (6, CycleState.FINISHED)
    calls = list_calls(library, cycle_id=cycle.id)
    assert {call.attempt for call in calls if call.key in answered} == {1}
    new_drafts = sum(call.purpose is not CallPurpose.CRITIQUE for call in calls[len(answered) :])
    assert len(writer.chats) - asked_before <= new_drafts
    states = {draft.state for item in list_questions(library, cycle.id) for draft in list_drafts(library, item.id)}
    assert states <= {DraftState.FINISHED, DraftState.INTERRUPTED}


def test_a_retry_voids_what_was_shown(library: Library, critic_url: str) -> None:
    def script(request: Request) -> Reply:
        if request.index == 0:
            return Reply(events("Lost", " words", finish=None, done=False), headers=EVENTS, cut=True)
        return practice_writer(request)

    cycle = practice_cycle(library, 1)
    with scripted(script) as writer:
        told = run(library, cycle.id, FixedServers(writer.url, critic_url))
    assert of(told, CallRetried)[0].purpose is CallPurpose.DRAFT
    assert "Lost" not in of(told, DraftFinished)[0].text
    assert len(of(told, QuestionFinished)) == 1


def test_a_fault_of_ours_stops_the_cycle_and_is_raised(library: Library, critic_url: str) -> None:
    class Broken(FixedServers):
        def client(self, name: str) -> ChatClient:
            if threading.current_thread().name.startswith("drafting"):
                raise ZeroDivisionError
            return super().client(name)

    cycle = practice_cycle(library, 4)
    with pytest.raises(ZeroDivisionError):
        run(library, cycle.id, Broken("http://127.0.0.1:9", critic_url))
    assert get_cycle(library, cycle.id).state is CycleState.STOPPED


def test_a_server_that_can_not_be_had_at_all_ends_the_cycle_in_words(library: Library, critic_url: str) -> None:
    class Missing(FixedServers):
        def client(self, name: str) -> ChatClient:
            raise KnownError(f"{name} did not start.", "See its log.")

    cycle = practice_cycle(library, 2)
    with pytest.raises(KnownError, match="did not start"):
        run(library, cycle.id, Missing("http://127.0.0.1:9", critic_url))
    assert get_cycle(library, cycle.id).state is CycleState.STOPPED
    assert {item.state for item in list_questions(library, cycle.id)} == {QuestionState.WAITING}


def test_a_key_is_nowhere_in_library_events_or_logs(library: Library, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    key = "sk-very-secret-0123456789"
    cycle = cycle_of(library, why() * 2, max_iterations=2)

    def script(request: Request) -> Reply:
        if request.index % 2:
            return refusal(401, f"Incorrect API key provided: {key}")
        return stream("A draft.")

    with scripted(script) as writer, scripted(graded(1)) as critic:
        told = run(library, cycle.id, FixedServers(writer.url, critic.url, key=key))
    assert of(told, QuestionFailed)
    assert writer.chats[0].headers["Authorization"] == f"Bearer {key}"
    kept = b"".join(file.read_bytes() for file in library.home.rglob("*") if file.is_file())
    assert b"Incorrect API key" in kept
    assert key.encode() not in kept
    assert key not in repr(told) and key not in caplog.text


@pytest.mark.parametrize(
    ("own", "chosen", "sent"), [(None, None, 0.8), (0.3, None, 0.3), (0.3, 0.0, 0.0)], ids=["usual", "own", "chosen"]
)
def test_how_freely_the_writer_writes(library: Library, own: float | None, chosen: float | None, sent: float) -> None:
    cycle = cycle_of(library, why(), max_iterations=1, temperature=chosen)
    with scripted(numbered) as writer, scripted(graded(4)) as critic:
        run(library, cycle.id, FixedServers(writer.url, critic.url, sampling=Sampling(temperature=own)))
    assert writer.chats[0].body["temperature"] == sent


def test_a_writer_that_judges_itself_is_told_of(library: Library) -> None:
    cycle = cycle_of(library, why(), max_iterations=1)
    with scripted(graded(4)) as server:
        told = run(library, cycle.id, FixedServers(server.url, server.url))
    assert [event.message for event in of(told, Warned)] == [
        f"{cycle.writer!r} and {cycle.critic!r} are the same model: it judges its own drafts."
    ]
