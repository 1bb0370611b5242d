"""kill -9 in the middle: no answer received whole is asked for again, and the result is as if nothing had happened."""

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
from lorastudio.domain.draft import CallState
from lorastudio.services.verification.verifying import run_verification, start_verification
from lorastudio.store.calls import list_calls, usage_of_verification
from lorastudio.store.library import Library
from lorastudio.store.pairs import list_pairs
from lorastudio.store.verified import list_verified
from tests.servers import EVENTS, Reply, Request, Script, events
from tests.services.verification.world import (
    Servers,
    is_examination,
    open_library,
    panel,
    question_of,
    questions,
    verdicts,
)

TEXTS = [f"Why does river number {number} bend?" for number in range(200)]


class Watch:
    """Lets a test wait until teachers were asked for the n-th time."""

    def __init__(self) -> None:
        self._asked = threading.Semaphore(0)

    def teacher(self, name: str) -> Script:
        """Answers at length in its own words, so that the others must judge it; they agree with all but the third."""

        def script(request: Request) -> Reply:
            self._asked.release()
            if is_examination(request):
                text = verdicts(request, lambda shown: "third" not in shown)
            else:
                text = f"{question_of(request)[:-1]}: the water wears away the outer bank, says the {name} teacher."
            words = text.split(" ")
            return Reply(events(words[0], *(f" {word}" for word in words[1:])), headers=EVENTS, pause_s=0.002)

        return script

    def wait_for(self, count: int) -> None:
        for _ in range(count):
            assert self._asked.acquire(timeout=60)


def results(library: Library) -> tuple[object, ...]:
    return (
        [response.finding for response in list_verified(library, outcome=None)],
        [(pair.prompt, pair.good, pair.bad, pair.confidence) for pair in list_pairs(library)],
    )


@pytest.mark.parametrize(("count", "kills"), [(5, 2), pytest.param(200, 25, marks=pytest.mark.soak)])
def test_a_killed_verification_goes_on_where_it_stopped(
    tmp_path: Path, pytestconfig: pytest.Config, count: int, kills: int
) -> None:
    rng = random.Random(0)
    asked_questions = questions(*TEXTS[:count])
    watch = Watch()
    teachers = [watch.teacher(name) for name in ("first", "second", "third")]
    home = tmp_path / "killed"
    with open_library(home) as library, panel(library, *teachers) as servers:
        verification = start_verification(library, asked_questions, quorum=2).verification
        library.close()
        command = [sys.executable, "-m", "tests.services.verification.verifying_process", str(home)]
        for kill in range(kills + 1):
            child = subprocess.Popen([*command, str(verification.id)], cwd=pytestconfig.rootpath)
            if kill < kills:
                watch.wait_for(rng.randint(3, max(9, count // 4)))
                threading.Event().wait(rng.uniform(0, 0.05))
                child.send_signal(signal.SIGKILL)
            assert child.wait(60) == (-signal.SIGKILL if kill < kills else 0)
        asked = Counter(json.dumps([server.url, request.body]) for server in servers for request in server.chats)
    with open_library(home) as library:
        calls = list_calls(library, verification_id=verification.id)
        totals = usage_of_verification(library, verification.id)
        killed = results(library)
    with open_library(tmp_path / "undisturbed") as library, panel(library, *teachers):
        again = start_verification(library, asked_questions, quorum=2).verification
        list(run_verification(library, again.id, Servers(library), CancelToken()))
        assert killed == results(library)
    assert len(killed[1]) == count
    keys = Counter(call.key for call in calls)
    assert len(keys) == count * (3 + 3 * 2)
    assert Counter(call.key for call in calls if call.state is CallState.ANSWERED) == Counter(dict.fromkeys(keys, 1))
    lost = sum(call.state is CallState.LOST for call in calls)
    assert 0 < lost == totals.lost
    assert sum(asked.values()) - len(asked) <= lost
