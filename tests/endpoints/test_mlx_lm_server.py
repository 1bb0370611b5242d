"""Our clients against the real mlx_lm.server, with a model made on the spot."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Sampling
from lorastudio.domain.errors import EndpointError
from lorastudio.domain.messages import user
from lorastudio.endpoints.answers import ChatAnswer, Delta
from lorastudio.endpoints.discovery import Place, find_servers
from lorastudio.endpoints.probe import probe
from lorastudio.endpoints.structured import Ladder, Rung, Shape, plain_ask
from tests.endpoints.clients import client_for, embedder_for
from tests.worker.tiny_model import write_tiny_model

pytestmark = pytest.mark.soak  # starting it takes seconds that the everyday suite does not have

START_LIMIT_S = 120.0


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("served") / "tiny")


@pytest.fixture(scope="module")
def server(model: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlx_lm", "server", "--model", str(model), "--port", str(port)]
    cache = model.parent / "cache"
    cache.mkdir()
    log = model.parent / "server.log"
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(cache)}
    with log.open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said, env=environment) as process:
        try:
            deadline = time.monotonic() + START_LIMIT_S
            while not answers(port):
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).is_success
    except httpx.TransportError:
        return False


def test_answers_stream_and_the_same_seed_gives_the_same(server: str, model: Path) -> None:
    client = client_for(server, model=str(model), idle_timeout_s=60)
    sampling = Sampling(temperature=0.9, max_tokens=12, seed=3)
    first, second = (list(client.stream(user("a1 b2 c3"), sampling)) for _ in range(2))
    one, other = first[-1], second[-1]
    assert isinstance(one, ChatAnswer) and isinstance(other, ChatAnswer)
    assert one.text == other.text != ""
    assert sum(isinstance(item, Delta) for item in first) > 1
    whole = client.complete(user("a1 b2 c3"), sampling)
    assert (whole.text, whole.finish_reason) == (one.text, one.finish_reason)
    assert not one.usage.estimated and one.usage == whole.usage


def test_a_test_finds_what_it_can_do(server: str, model: Path) -> None:
    found = probe(client_for(server, model=str(model), idle_timeout_s=60), embedder_for(server, model=str(model)))
    assert found.works, found.error
    assert found.streaming and found.usage_in_streams and found.logprobs
    assert not found.embeddings
    assert found.rung is Rung.PROMPT  # it takes a response_format and ignores it without a word


def test_a_format_that_is_ignored_with_status_200_ends_in_an_abstention(server: str, model: Path) -> None:
    ask = plain_ask(
        client_for(server, model=str(model), idle_timeout_s=60), Sampling(max_tokens=8, seed=1), CancelToken()
    )
    assert Ladder().ask(ask, user("a1"), Shape("answer", {"type": "object"}), dict) is None


def test_its_refusal_is_told_in_its_words(server: str) -> None:
    client = client_for(server, model="nobody/nothing", idle_timeout_s=60)
    with pytest.raises(EndpointError, match="refused with status"):
        client.complete(user("a1"), Sampling(max_tokens=4))


def test_it_is_found_on_this_machine(server: str) -> None:
    (found,) = find_servers([Place("mlx_lm.server", int(server.rpartition(":")[2]))])
    assert found.url == f"{server}/v1"
