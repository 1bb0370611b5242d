"""No call leaves that the budget could not pay for, and what comes to nothing is counted too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.draft import CallState, StopReason
from lorastudio.domain.drafting_events import CycleEstimated, CycleFinished, QuestionFinished
from lorastudio.domain.errors import Cancelled
from lorastudio.domain.events import Event
from lorastudio.services.drafting.budget import Budget, BudgetUsedUp, Spending
from lorastudio.services.drafting.cycle_drafting import draft_cycle
from lorastudio.services.drafting.settings import DraftingSettings
from lorastudio.store.calls import list_calls, usage_of
from lorastudio.store.library import Library
from lorastudio.store.questions import NewQuestion
from tests.servers import EVENTS, Reply, Request, events, refusal, scripted, stream
from tests.services.drafting.world import FixedServers, cycle_of, open_library

GRADES = '{"scores": {"correct": 2, "complete": 2, "clear": 2, "sourced": 2, "register": 2}, "issues": []}'
USED = {"prompt_tokens": 30, "completion_tokens": 50}


def numbered(request: Request) -> Reply:
    return stream(f"{'other ' * request.index}draft number {request.index}", usage=USED)


def critic(request: Request) -> Reply:
    return stream(GRADES, usage={"prompt_tokens": 900, "completion_tokens": 60})


def questions(count: int) -> list[NewQuestion]:
    return [NewQuestion(f"Why {number}?", f"{number}", "en") for number in range(count)]


@pytest.mark.parametrize("cap", [{"budget_tokens": 30_000}, {"budget_usd": 0.05}], ids=["tokens", "money"])
def test_a_cap_holds_with_many_questions_at_once(tmp_path: Path, cap: dict[str, float]) -> None:
    with open_library(tmp_path) as library, scripted(numbered) as writer, scripted(critic) as judge:
        cycle = cycle_of(library, questions(40), **cap)
        servers = FixedServers(writer.url, judge.url, concurrency=16, prompt_price=1.0, completion_price=4.0)
        told = list(draft_cycle(library, cycle.id, servers, CancelToken()))
        spent = usage_of(library, cycle.id)
    reasons = {event.stop_reason for event in told if isinstance(event, QuestionFinished)}
    assert StopReason.BUDGET in reasons
    done = told[-1]
    assert isinstance(done, CycleFinished)
    assert done.cost_usd == pytest.approx(spent.cost_usd)
    if "budget_tokens" in cap:
        used: float = spent.prompt_tokens + spent.completion_tokens
        most = cap["budget_tokens"]
    else:
        used, most = spent.cost_usd or 0.0, cap["budget_usd"]
    # It is used, too: what is left is less than the dearest call could have cost.
    assert most / 2 < used <= most


def test_promises_of_others_are_waited_for() -> None:
    budget = Budget(DraftingSettings(budget_tokens=100), Spending())
    entered = threading.Event()

    def later() -> None:
        with budget.promised(Spending(80), CancelToken()):
            entered.set()

    with budget.promised(Spending(80), CancelToken()):
        thread = threading.Thread(target=later)
        thread.start()
        assert not entered.wait(0.05)
    thread.join(10)
    assert entered.is_set()
    budget.spend(Spending(30))
    with pytest.raises(BudgetUsedUp), budget.promised(Spending(80), CancelToken()):
        pass
    stopped = CancelToken()
    stopped.cancel()
    with budget.promised(Spending(60), CancelToken()), pytest.raises(Cancelled), budget.promised(Spending(60), stopped):
        pass


def finished(told: list[Event]) -> CycleFinished:
    assert isinstance(told[-1], CycleFinished)
    return told[-1]


def test_what_came_to_nothing_is_counted_as_an_estimate(tmp_path: Path) -> None:
    lost = "many lost words " * 10

    def drops_once(request: Request) -> Reply:
        if request.index == 0:
            return Reply(events(lost, finish=None, done=False), headers=EVENTS, cut=True)
        return numbered(request)

    with open_library(tmp_path) as library, scripted(drops_once) as writer, scripted(critic) as judge:
        cycle = cycle_of(library, questions(1), max_iterations=1)
        servers = FixedServers(writer.url, judge.url, prompt_price=1.0)
        told = list(draft_cycle(library, cycle.id, servers, CancelToken()))
        (draft, _) = list_calls(library, cycle_id=cycle.id)
    assert draft.completion_tokens == USED["completion_tokens"] + len(lost) // 4
    assert draft.prompt_tokens > USED["prompt_tokens"]
    assert draft.tokens_estimated
    assert draft.cost_usd == pytest.approx(draft.prompt_tokens / 1e6)
    assert finished(told).estimated


def test_a_failed_call_costs_what_had_arrived_and_a_refusal_nothing(tmp_path: Path) -> None:
    def breaks(request: Request) -> Reply:
        if "Why 0" in request.body["messages"][0]["content"]:
            return refusal(401, "who are you?")
        return Reply(events("half a draft ", finish=None, done=False), headers=EVENTS, cut=True)

    with open_library(tmp_path) as library, scripted(breaks) as writer, scripted(critic) as judge:
        cycle = cycle_of(library, questions(2), max_iterations=1)
        told = list(draft_cycle(library, cycle.id, FixedServers(writer.url, judge.url, concurrency=1), CancelToken()))
        refused, broken = list_calls(library, cycle_id=cycle.id)
    assert {refused.state, broken.state} == {CallState.FAILED}
    assert (refused.prompt_tokens, refused.completion_tokens, refused.tokens_estimated) == (0, 0, False)
    # Three tries, each with its prompt and what it brought.
    assert broken.completion_tokens == 3 * 4
    assert broken.prompt_tokens > 0 and broken.tokens_estimated
    assert finished(told).failed_calls == 2


def test_a_server_that_goes_silent_may_have_worked(tmp_path: Path) -> None:
    with open_library(tmp_path) as library, scripted(lambda _: Reply([], stalls=True)) as writer:
        cycle = cycle_of(library, questions(1), max_iterations=1)
        list(draft_cycle(library, cycle.id, FixedServers(writer.url, writer.url, idle_timeout_s=0.1), CancelToken()))
        (silent,) = list_calls(library, cycle_id=cycle.id)
    assert silent.state is CallState.FAILED and silent.tokens_estimated
    assert silent.prompt_tokens > 0 and silent.completion_tokens == 0


def test_a_budget_holds_over_a_restart(tmp_path: Path) -> None:
    cancel = CancelToken()
    with open_library(tmp_path) as library, scripted(numbered) as writer, scripted(critic) as judge:
        cycle = cycle_of(library, questions(40), budget_tokens=30_000)
        servers = FixedServers(writer.url, judge.url)
        for event in draft_cycle(library, cycle.id, servers, cancel):
            if isinstance(event, QuestionFinished):
                cancel.cancel()
        first = usage_of(library, cycle.id)
        list(draft_cycle(library, cycle.id, servers, CancelToken()))
        whole = usage_of(library, cycle.id)
    assert first.calls < whole.calls
    assert 15_000 < whole.prompt_tokens + whole.completion_tokens <= 30_000


def estimate_of(told: list[Event]) -> CycleEstimated:
    (found,) = (event for event in told if isinstance(event, CycleEstimated))
    return found


def test_what_a_cycle_takes_lies_within_what_was_told_before(library_of_six: tuple[Library, list[Event]]) -> None:
    _, told = library_of_six
    before, after = estimate_of(told), finished(told)
    names = [type(event).__name__ for event in told]
    assert names.index("CycleEstimated") < names.index("QuestionStarted")
    assert after.calls <= before.most.calls
    assert after.prompt_tokens <= before.most.prompt_tokens
    assert after.completion_tokens <= before.most.completion_tokens
    assert before.most.cost_usd is not None and after.cost_usd is not None and after.cost_usd <= before.most.cost_usd
    assert before.expected.calls <= before.most.calls
    assert not before.measured


def test_a_critic_that_is_never_readable_stays_within_the_bound(tmp_path: Path) -> None:
    def rambles(request: Request) -> Reply:
        return stream("I would rather not say.", usage={"prompt_tokens": 900, "completion_tokens": 60})

    with open_library(tmp_path) as library, scripted(numbered) as writer, scripted(rambles) as judge:
        cycle = cycle_of(library, questions(3), max_iterations=2, judge_final=True, critiques_per_draft=3)
        told = list(draft_cycle(library, cycle.id, FixedServers(writer.url, judge.url), CancelToken()))
    before, after = estimate_of(told), finished(told)
    assert after.calls == 3 * 2 * (1 + 3 * 2) <= before.most.calls
    assert after.prompt_tokens <= before.most.prompt_tokens


def test_an_estimate_learns_from_earlier_calls(library_of_six: tuple[Library, list[Event]]) -> None:
    library, told = library_of_six
    with scripted(numbered) as writer, scripted(critic) as judge:
        cycle = cycle_of(library, questions(6))
        servers = FixedServers(writer.url, judge.url, prompt_price=1.0)
        again = list(draft_cycle(library, cycle.id, servers, CancelToken()))
    learnt, after = estimate_of(again), finished(again)
    assert learnt.measured
    assert learnt.expected.completion_tokens < estimate_of(told).expected.completion_tokens
    assert learnt.expected.calls == after.calls


@pytest.fixture
def library_of_six(tmp_path: Path) -> Iterator[tuple[Library, list[Event]]]:
    """A library in which six questions were drafted, and what was told."""
    with open_library(tmp_path) as library, scripted(numbered) as writer, scripted(critic) as judge:
        cycle = cycle_of(library, questions(6), judge_final=True, calibrate_every=1)
        servers = FixedServers(writer.url, judge.url, prompt_price=1.0)
        told = list(draft_cycle(library, cycle.id, servers, CancelToken()))
        yield library, told
