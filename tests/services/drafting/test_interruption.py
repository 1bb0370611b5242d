"""kill -9 in mid-cycle: no answer received whole is asked for again, and the result is as if nothing had happened."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.draft import CallState, DraftState
from lorastudio.practice.hosting import hosted
from lorastudio.practice.server import create_app
from lorastudio.services.drafting.cycle_drafting import draft_cycle
from lorastudio.store.calls import list_calls, usage_of
from lorastudio.store.drafts import list_drafts
from lorastudio.store.library import Library
from lorastudio.store.questions import list_questions
from tests.servers import Reply, Request, ScriptedServer, scripted
from tests.services.drafting.world import FixedServers, open_library, practice_cycle, practice_writer

QUESTIONS = 8
KILLS = 5


class Watch:
    """Lets a test wait until the writer was asked for the n-th time."""

    def __init__(self) -> None:
        self._asked = threading.Semaphore(0)

    def write(self, request: Request) -> Reply:
        self._asked.release()
        return practice_writer(request, pause_s=0.004)

    def wait_for(self, count: int) -> None:
        for _ in range(count):
            assert self._asked.acquire(timeout=60)


def results(library: Library, cycle_id: int) -> list[tuple[object, ...]]:
    """What the cycle came to, drafts that were cut short left out."""
    return [
        (
            question.stop_reason,
            [item.text for item in list_drafts(library, question.id) if item.state is DraftState.FINISHED],
        )
        for question in list_questions(library, cycle_id)
    ]


def undisturbed(home: Path, writer: ScriptedServer, critic_url: str) -> list[tuple[object, ...]]:
    with open_library(home) as library:
        cycle = practice_cycle(library, QUESTIONS)
        list(draft_cycle(library, cycle.id, FixedServers(writer.url, critic_url), CancelToken()))
        return results(library, cycle.id)


def test_a_killed_cycle_goes_on_where_it_stopped(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    rng = random.Random(0)
    home = tmp_path / "killed"
    with open_library(home) as library:
        cycle = practice_cycle(library, QUESTIONS)
    watch = Watch()
    with hosted(create_app()) as critic_url, scripted(watch.write) as writer:
        command = [sys.executable, "-m", "tests.services.drafting.drafting_process", str(home), writer.url, critic_url]
        for kill in range(KILLS + 1):
            child = subprocess.Popen([*command, str(cycle.id)], cwd=pytestconfig.rootpath)
            if kill < KILLS:
                watch.wait_for(rng.randint(1, 6))
                threading.Event().wait(rng.uniform(0, 0.06))
                child.send_signal(signal.SIGKILL)
            assert child.wait(60) == (-signal.SIGKILL if kill < KILLS else 0)
        asked = Counter(json.dumps(request.body, sort_keys=True) for request in writer.chats)
        with open_library(home) as library:
            calls = list_calls(library, cycle_id=cycle.id)
            assert results(library, cycle.id) == undisturbed(tmp_path / "undisturbed", writer, critic_url)
            totals = usage_of(library, cycle.id)
    keys = Counter(call.key for call in calls)
    assert Counter(call.key for call in calls if call.state is CallState.ANSWERED) == Counter(dict.fromkeys(keys, 1))
    assert {call.state for call in calls} <= {CallState.ANSWERED, CallState.LOST}
    for call in calls:
        # Only a call that was lost has a later attempt.
        assert call.state is (CallState.ANSWERED if call.attempt == keys[call.key] else CallState.LOST)
    lost = sum(call.state is CallState.LOST for call in calls)
    assert 0 < lost == totals.lost <= KILLS * 2 * 4
    repeated = sum(asked.values()) - len(asked)
    assert repeated <= lost
