"""How much of a server the drafting uses, and what a streamed token costs the client (`make bench-drafting`).

Throughput: 16 questions at once against a server that takes exactly LATENCY_S for every answer. The server allows
16 / LATENCY_S answers a second; the drafting's own work (journal with fsync, parsing, prompts, rules) comes out of the
same time. Overhead: one answer of many deltas, sent as fast as the server can, read by our client and by bare httpx
(`iter_lines` and `json.loads` of every line), alternating in one run; processor time of this process alone.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.drafting_events import CycleFinished
from lorastudio.domain.endpoint import Endpoint, Role
from lorastudio.domain.messages import as_records, user
from lorastudio.endpoints.answers import ChatAnswer, Delta
from lorastudio.endpoints.client import ChatClient
from lorastudio.services.drafting.cycle_drafting import draft_cycle
from lorastudio.store.questions import NewQuestion
from tests.services.drafting.world import FixedServers, cycle_of, open_library

AT_ONCE = 16
QUESTIONS = 48
LATENCY_S = 1.0
DELTAS = 50
LEAST_SHARE = 0.95
TOKENS = 4000
ROUNDS = 7


@contextmanager
def served(root: Path, latency_s: float, deltas: int) -> Iterator[str]:
    """A server of fixed latency in a process of its own; gives its address."""
    command = [sys.executable, "-m", "tests.benchmarks.fixed_latency", str(latency_s), str(deltas)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            wait_for(url)
            yield url
        finally:
            process.kill()


def wait_for(url: str) -> None:
    for _ in range(100):
        try:
            httpx.get(f"{url}/served")
        except httpx.ConnectError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("The server did not start.")


@pytest.mark.bench
def test_sixteen_questions_at_once_use_what_the_server_allows(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    asked = [NewQuestion(f"Why is number {number} odd?", f"{number}", "en") for number in range(QUESTIONS)]
    with served(pytestconfig.rootpath, LATENCY_S, DELTAS) as url, open_library(tmp_path / "home") as library:
        cycle = cycle_of(library, asked, max_iterations=3, judge_final=True)
        servers = FixedServers(url, url, concurrency=AT_ONCE)
        began, worked = time.monotonic(), time.process_time()
        told = list(draft_cycle(library, cycle.id, servers, CancelToken()))
        elapsed_s, worked_s = time.monotonic() - began, time.process_time() - worked
        figures = httpx.get(f"{url}/served").json()
    done = told[-1]
    assert isinstance(done, CycleFinished)
    assert done.done == QUESTIONS and figures["served"] == done.calls
    allowed = AT_ONCE / LATENCY_S
    achieved = done.calls / elapsed_s
    print(f"\n{done.calls} answers of {LATENCY_S} s, {AT_ONCE} at once, {DELTAS} deltas each: {elapsed_s:.2f} s")
    print(f"  the server allows {allowed:.1f} answers/s; the drafting took {achieved:.2f}/s: {achieved / allowed:.1%}")
    print(f"  the server itself took {figures['busy_s'] / figures['served']:.4f} s an answer")
    print(f"  processor time of the drafting: {worked_s / done.calls * 1000:.1f} ms a call")
    assert achieved >= LEAST_SHARE * allowed


@pytest.mark.bench
def test_what_a_streamed_token_costs(pytestconfig: pytest.Config) -> None:
    with served(pytestconfig.rootpath, 0.0, TOKENS) as url:
        client = ChatClient(Endpoint("pen", Role.WRITER, url, model="tiny"))
        ways: dict[str, Callable[[], int]] = {"bare httpx": lambda: bare(url), "ours": lambda: ours(client)}
        costs: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                began = time.process_time()
                assert way() >= 1
                costs[name].append((time.process_time() - began) / TOKENS * 1e6)
    floor, own = (statistics.median(costs[name]) for name in ("bare httpx", "ours"))
    print(f"\nProcessor time per streamed token, median of {ROUNDS} alternations of {TOKENS} tokens:")
    print(f"  bare httpx {floor:.1f} µs, ours {own:.1f} µs: overhead {own - floor:+.1f} µs, ratio {own / floor:.2f}")


def ours(client: ChatClient) -> int:
    items = list(client.stream(user("Write.")))
    assert isinstance(items[-1], ChatAnswer)
    return sum(isinstance(item, Delta) for item in items)


def bare(url: str) -> int:
    body = {"model": "tiny", "messages": as_records(user("Write.")), "stream": True}
    texts = []
    with httpx.stream("POST", f"{url}/v1/chat/completions", json=body) as response:
        for line in response.iter_lines():
            if line.startswith("data: {"):
                texts.append(json.loads(line[6:])["choices"][0]["delta"].get("content", ""))
    return len("".join(texts))
