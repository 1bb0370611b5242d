"""kill -9 in mid-cycle: no answer received whole is asked for again, and the result is as if nothing had happened."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.draft import CallPurpose, CallState, DraftState
from lorastudio.practice.replies import reply_to
from lorastudio.practice.tastes import Taste
from lorastudio.services.drafting.cycle_drafting import draft_cycle
from lorastudio.store.calls import list_calls, usage_of
from lorastudio.store.critic_trials import list_trials
from lorastudio.store.drafts import list_drafts
from lorastudio.store.judgements import get_judgement
from lorastudio.store.library import Library
from lorastudio.store.questions import list_questions
from tests.servers import Reply, Request, ScriptedServer, scripted, stream
from tests.services.drafting.drafting_process import CONCURRENCY
from tests.services.drafting.world import FixedServers, open_library, practice_cycle, practice_writer

SETTINGS = {"judge_final": True, "calibrate_every": 3}


class World(NamedTuple):
    """The servers, which count what they are asked, and a way to wait until the writer was asked n times more."""

    writer: ScriptedServer
    critic: ScriptedServer
    asked: threading.Semaphore

    def wait_for(self, count: int) -> None:
        for _ in range(count):
            assert self.asked.acquire(timeout=60)


@contextmanager
def world() -> Iterator[World]:
    asked = threading.Semaphore(0)

    def write(request: Request) -> Reply:
        asked.release()
        return practice_writer(request, pause_s=0.004)

    def judge(request: Request) -> Reply:
        return stream(json.dumps(reply_to(request.body["messages"], Taste.HONEST).content))

    with scripted(write) as writer, scripted(judge) as critic:
        yield World(writer, critic, asked)


def results(library: Library, cycle_id: int) -> list[tuple[object, ...]]:
    """What the cycle came to, drafts that were cut short left out; ids differ after a crash."""
    outcomes: list[tuple[object, ...]] = []
    for question in list_questions(library, cycle_id):
        drafts = {item.id: item for item in list_drafts(library, question.id) if item.state is DraftState.FINISHED}
        best = drafts[question.best_draft_id or 0]
        judged = get_judgement(library, question.id)
        texts = [item.text for item in drafts.values()]
        outcomes.append((question.stop_reason, texts, best.text, judged and judged.preference))
    trials = Counter((trial.kind, trial.outcome) for trial in list_trials(library, cycle_id=cycle_id))
    return [*outcomes, tuple(sorted(map(str, trials.items())))]


def kill_again_and_again(home: Path, cycle_id: int, servers: World, root: Path, waits: list[int], seed: int) -> None:
    """Work on the cycle in a process that is killed after each of `waits` more calls to the writer, then to the end."""
    rng = random.Random(seed)
    command = [sys.executable, "-m", "tests.services.drafting.drafting_process", str(home)]
    for wait in [*waits, None]:
        child = subprocess.Popen([*command, servers.writer.url, servers.critic.url, str(cycle_id)], cwd=root)
        if wait is not None:
            servers.wait_for(wait)
            threading.Event().wait(rng.uniform(0, 0.06))
            child.send_signal(signal.SIGKILL)
        assert child.wait(600) == (0 if wait is None else -signal.SIGKILL)


def requests_by_key(library: Library, cycle_id: int) -> dict[str, str]:
    """What the call of each key asks for, as `asked_for` writes it."""
    rows = library.rows("SELECT key, request FROM calls WHERE key LIKE ?", (f"{cycle_id}/%",))
    requests = {row["key"]: json.loads(row["request"]) for row in rows}
    return {key: asked_for(record["messages"], record["sampling"]["seed"]) for key, record in requests.items()}


def asked_for(messages: list[dict[str, Any]], seed: int) -> str:
    return json.dumps([messages, seed])


def check_counts(library: Library, cycle_id: int, servers: World, kills: int) -> None:
    """One answer for each call; only lost calls were repeated, in the journal and at the servers."""
    calls = list_calls(library, cycle_id=cycle_id)
    attempts = Counter(call.key for call in calls)
    assert Counter(call.key for call in calls if call.state is CallState.ANSWERED) == Counter(
        dict.fromkeys(attempts, 1)
    )
    for call in calls:
        # Only a call that was lost has a later attempt.
        assert call.state is (CallState.ANSWERED if call.attempt == attempts[call.key] else CallState.LOST)
    lost = sum(call.state is CallState.LOST for call in calls)
    assert 0 < lost == usage_of(library, cycle_id).lost <= kills * 2 * CONCURRENCY
    bodies = (request.body for server in (servers.writer, servers.critic) for request in server.chats)
    seen = Counter(asked_for(body["messages"], body["seed"]) for body in bodies)
    for key, asked in requests_by_key(library, cycle_id).items():
        # A lost call may have died before its request left.
        assert 1 <= seen[asked] <= attempts[key]
    assert {call.purpose for call in calls} >= {CallPurpose.DRAFT, CallPurpose.JUDGE, CallPurpose.CALIBRATE}


def survive(tmp_path: Path, root: Path, questions: int, waits: list[int]) -> None:
    with open_library(tmp_path / "killed") as library:
        cycle = practice_cycle(library, questions, **SETTINGS)
    with world() as servers:
        kill_again_and_again(tmp_path / "killed", cycle.id, servers, root, waits, seed=questions)
        with open_library(tmp_path / "killed") as library:
            check_counts(library, cycle.id, servers, len(waits))
            killed = results(library, cycle.id)
        with open_library(tmp_path / "undisturbed") as library:
            same = practice_cycle(library, questions, **SETTINGS)
            undisturbed = FixedServers(servers.writer.url, servers.critic.url, concurrency=CONCURRENCY)
            list(draft_cycle(library, same.id, undisturbed, CancelToken()))
            assert killed == results(library, same.id)


def test_a_killed_cycle_goes_on_where_it_stopped(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    rng = random.Random(0)
    survive(tmp_path, pytestconfig.rootpath, questions=8, waits=[rng.randint(1, 8) for _ in range(4)])


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_two_hundred_questions_survive_many_kills(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    rng = random.Random(1)
    survive(tmp_path, pytestconfig.rootpath, questions=200, waits=[rng.randint(1, 60) for _ in range(20)])
