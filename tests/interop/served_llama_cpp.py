"""Our clients against the server of llama-cpp-python, with a model made on the spot."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Endpoint, Role, Sampling
from lorastudio.domain.errors import EndpointError
from lorastudio.domain.messages import user
from lorastudio.endpoints.answers import ChatAnswer, Delta
from lorastudio.endpoints.client import ChatClient
from lorastudio.endpoints.discovery import Place, find_servers
from lorastudio.endpoints.embeddings import EmbeddingsClient
from lorastudio.endpoints.probe import probe
from lorastudio.endpoints.retry import RetryPolicy
from lorastudio.endpoints.structured import Ladder, Rung, Shape, plain_ask
from tests.interop.tiny_gguf import WIDTH, write_tiny_gguf

START_LIMIT_S = 120.0
KEY = "sk-interop"


@contextmanager
def served(model: Path, *options: str) -> Iterator[str]:
    """Where the server serves a model file."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(model), "--host", "127.0.0.1"]
    command += ["--port", str(port), "--n_ctx", "512", "--embedding", "true", "--api_key", KEY, *options]
    log = model.with_suffix(".log")
    with log.open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
        try:
            _wait_until_it_answers(f"http://127.0.0.1:{port}/v1/models", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait_until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        assert process.poll() is None and time.monotonic() < deadline, log.read_text(errors="replace")
        try:
            httpx.get(url, trust_env=False)
            return
        except httpx.TransportError:
            time.sleep(0.1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(write_tiny_gguf(tmp_path_factory.mktemp("pooled") / "tiny.gguf", pooled=True)) as url:
        yield url


def endpoint(url: str, role: Role = Role.WRITER, **fields: object) -> Endpoint:
    return Endpoint("llama.cpp", role, url, **fields)  # type: ignore[arg-type]


def test_answers_stream_and_the_same_seed_gives_the_same(server: str) -> None:
    client = ChatClient(endpoint(server), KEY)
    sampling = Sampling(temperature=0.8, max_tokens=24, seed=5)
    first, second = (list(client.stream(user("Copper"), sampling)) for _ in range(2))
    assert sum(isinstance(item, Delta) for item in first) > 1
    one, other = first[-1], second[-1]
    assert isinstance(one, ChatAnswer) and isinstance(other, ChatAnswer)
    assert (one.text, one.finish_reason) == (other.text, other.finish_reason)
    assert one.truncated
    whole = client.complete(user("Copper"), sampling)
    assert (whole.finish_reason, whole.usage.estimated, whole.usage.completion_tokens) == ("length", False, 24)


def test_a_test_finds_what_it_can_do(server: str) -> None:
    found = probe(ChatClient(endpoint(server), KEY), EmbeddingsClient(endpoint(server), KEY))
    assert found.works, found.error
    assert found.models == (found.model,) and found.model.endswith("tiny.gguf")
    assert found.streaming and found.embeddings and found.dimension == WIDTH
    assert found.rung is not Rung.SCHEMA  # a type that it does not know


def test_a_format_that_it_does_not_know_leads_down_the_ladder(server: str) -> None:
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    ladder = Ladder()
    ask = plain_ask(ChatClient(endpoint(server), KEY), Sampling(temperature=0.0, max_tokens=16), CancelToken())
    answer = ladder.ask(ask, user("Answer."), Shape("answer", schema), dict)
    assert answer is not None
    assert ladder.rung is Rung.OBJECT


def test_texts_are_embedded_in_batches(server: str) -> None:
    client = EmbeddingsClient(endpoint(server, Role.EMBEDDER, prefix="query: "), KEY)
    texts = [f"copper {place}" for place in range(40)]
    vectors = client.embed(texts)
    assert {len(vector) for vector in vectors} == {WIDTH}
    assert client.embed(texts[7:8])[0] == pytest.approx(vectors[7], abs=1e-4)
    plain = EmbeddingsClient(endpoint(server, Role.EMBEDDER), KEY).embed(texts[7:8])[0]
    assert plain != pytest.approx(vectors[7], abs=1e-4)


def test_a_vector_for_each_token_is_refused_in_words(tmp_path: Path) -> None:
    with served(write_tiny_gguf(tmp_path / "tiny.gguf")) as url, pytest.raises(EndpointError, match="for each token"):
        EmbeddingsClient(endpoint(url), KEY).embed(["copper"])


def test_nobody_gets_in_without_the_key(server: str) -> None:
    client = ChatClient(endpoint(server, model="tiny"), "sk-wrong", policy=RetryPolicy(attempts=1))
    with pytest.raises(EndpointError, match="Invalid API key") as caught:
        list(client.stream(user("Hi")))
    assert caught.value.status == 401


def test_it_is_found_on_this_machine(server: str) -> None:
    port = int(server.rpartition(":")[2])
    (found,) = find_servers([Place("llama.cpp", port)])
    assert found.locked or found.models
