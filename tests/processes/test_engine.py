from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lorastudio.domain.endpoint import Endpoint, Role
from lorastudio.domain.errors import KnownError
from lorastudio.endpoints.client import ChatClient
from lorastudio.paths import practice_model
from lorastudio.practice.questions import drafting_questions
from lorastudio.processes.engine import Engine
from lorastudio.training.protocol import PUBLIC_NAME


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(practice_model()) as engine:
        yield engine


def models(engine: Engine) -> dict[str, str]:
    """Which version answers under each name."""
    headers = {"Authorization": f"Bearer {engine.token}"}
    found = httpx.get(f"{engine.url}/v1/models", headers=headers, trust_env=False).raise_for_status().json()
    return {model["id"]: model["version"] for model in found["data"]}


def test_it_serves_the_base_under_its_own_and_the_public_name(engine: Engine) -> None:
    assert models(engine) == {PUBLIC_NAME: "base", "base": "base"}
    assert engine.alias_target is None
    assert engine.versions == {}


def test_nobody_gets_in_without_the_token(engine: Engine) -> None:
    assert httpx.get(f"{engine.url}/v1/models", trust_env=False).status_code == 401


def test_an_order_that_cannot_be_followed_is_refused_in_words_and_changes_nothing(
    engine: Engine, tmp_path: Path
) -> None:
    with pytest.raises(KnownError):
        engine.load("version-9", tmp_path)
    with pytest.raises(KnownError, match="not loaded"):
        engine.alias("version-9")
    with pytest.raises(KnownError, match="not loaded"):
        engine.unload("version-9")
    assert engine.versions == {}
    assert models(engine) == {PUBLIC_NAME: "base", "base": "base"}


def test_orders_may_come_from_many_threads(engine: Engine) -> None:
    errors: list[Exception] = []

    def order() -> None:
        try:
            for _ in range(5):
                engine.alias(None)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=order) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_the_official_client_gets_on_with_it(engine: Engine) -> None:
    from openai import NotFoundError, OpenAI  # a second of imports that no other test here needs

    asked = [{"role": "user", "content": drafting_questions(seed=0, cycle=1, count=1)[0].text}]
    with OpenAI(base_url=f"{engine.url}/v1", api_key=engine.token, max_retries=0, timeout=60) as client:
        assert [model.id for model in client.models.list()] == [PUBLIC_NAME, "base"]
        fixed = {"model": PUBLIC_NAME, "messages": asked, "max_tokens": 24, "temperature": 0.7, "seed": 5}
        whole = client.chat.completions.create(**fixed)
        with client.chat.completions.create(**fixed, stream=True, stream_options={"include_usage": True}) as stream:
            chunks = list(stream)
        scored = client.chat.completions.create(**fixed, logprobs=True, top_logprobs=2)
        with pytest.raises(NotFoundError) as refused:
            client.chat.completions.create(**fixed | {"model": "nobody"})
    text = whole.choices[0].message.content
    assert text and whole.usage is not None and whole.usage.completion_tokens > 0
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == text
    assert chunks[-1].usage == whole.usage
    logprobs = scored.choices[0].logprobs
    assert logprobs is not None and logprobs.content is not None
    assert len(logprobs.content) == whole.usage.completion_tokens
    assert all(token.logprob <= 0 and len(token.top_logprobs) == 2 for token in logprobs.content)
    assert "nobody" in refused.value.message


def test_it_tells_its_context(engine: Engine) -> None:
    endpoint = Endpoint("own", Role.WRITER, model=PUBLIC_NAME)
    told = ChatClient(endpoint, engine.token, base_url=engine.url).context_length()
    assert told == json.loads((practice_model() / "config.json").read_text())["max_position_embeddings"]


def test_the_official_client_is_refused_without_the_token(engine: Engine) -> None:
    from openai import AuthenticationError, OpenAI

    with (
        OpenAI(base_url=f"{engine.url}/v1", api_key="wrong", max_retries=0) as client,
        pytest.raises(AuthenticationError, match="token is missing or wrong"),
    ):
        client.models.list()


def test_a_killed_engine_comes_back_at_the_same_place(tmp_path: Path) -> None:
    with Engine(practice_model(), log=tmp_path / "logs" / "engine.log") as engine:
        url, pid = engine.url, engine.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_for_another_child(engine, pid)
        assert engine.url == url
        assert models(engine) == {PUBLIC_NAME: "base", "base": "base"}


def test_a_base_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    engine = Engine(tmp_path / "nothing")
    with pytest.raises(KnownError, match="can't be started"):
        engine.start()
    with pytest.raises(KnownError):
        engine.alias(None)
    engine.stop()


def test_a_taken_port_is_said_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(KnownError, match="can't listen"):
            Engine(practice_model(), port=taken.getsockname()[1]).start()


def test_stopped_is_stopped() -> None:
    engine = Engine(practice_model())
    engine.start()
    engine.stop()
    engine.stop()
    assert engine.pid is None
    with pytest.raises(KnownError, match="stopped"):
        engine.alias(None)


def test_an_engine_that_was_never_started_can_be_stopped() -> None:
    engine = Engine(practice_model())
    engine.stop()
    assert engine.pid is None


def wait_for_another_child(engine: Engine, pid: int) -> None:
    """Until the killed child has been noticed; the test's own time limit is the end of patience."""
    pause = threading.Event()
    while engine.pid == pid:
        pause.wait(0.01)
