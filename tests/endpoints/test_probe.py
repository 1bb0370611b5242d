from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled
from lorastudio.endpoints.discovery import Place, find_servers
from lorastudio.endpoints.probe import probe, rung_of
from lorastudio.endpoints.structured import Rung
from lorastudio.practice.hosting import hosted
from lorastudio.practice.server import create_app
from tests.endpoints.clients import client_for
from tests.servers import EVENTS, Reply, Request, events, refusal, scripted, stream, whole


def capable(request: Request) -> Reply:
    """A server that can do everything, and obeys schemas."""
    wanted = request.body.get("response_format")
    if wanted:
        schema = wanted.get("json_schema", {}).get("schema", {}).get("properties", {})
        return whole(json.dumps({name: rule["enum"][0] for name, rule in schema.items()}))
    if request.body.get("logprobs"):
        choice = {"message": {"content": "Hi"}, "finish_reason": "stop", "logprobs": {"content": [{"logprob": -0.1}]}}
        return Reply([json.dumps({"choices": [choice]}).encode()])
    usage = {"prompt_tokens": 9, "completion_tokens": 4}
    return Reply(events("one ", "two ", "three", usage=usage), headers=EVENTS, pause_s=0.005)


def test_a_capable_server() -> None:
    with scripted(capable, models=("one", "two")) as server:
        found = probe(client_for(server.url, model=None))
    assert found.works
    assert (found.models, found.model) == (("one", "two"), "one")
    assert found.streaming and found.logprobs and found.rung is Rung.SCHEMA
    assert found.first_token_s is not None and found.tokens_per_s is not None and not found.tokens_estimated
    record = json.loads(json.dumps(found.as_record()))
    assert record["probed_at"].endswith("Z")
    assert rung_of(record) is Rung.SCHEMA


def test_a_schema_that_is_ignored_with_status_200_is_seen() -> None:
    with scripted(lambda _: stream("Hello there!")) as server:
        found = probe(client_for(server.url))
    assert found.works and found.rung is Rung.PROMPT and not found.streaming and not found.logprobs


def test_a_server_that_knows_objects_alone() -> None:
    def script(request: Request) -> Reply:
        kind = request.body.get("response_format", {}).get("type")
        if kind == "json_schema":
            return refusal(400, "response_format json_schema is not supported")
        return whole('{"greeting": "hello"}' if kind else "Hello.")

    with scripted(script) as server:
        assert probe(client_for(server.url)).rung is Rung.OBJECT


def test_the_practice_critic_obeys_schemas() -> None:
    with hosted(create_app()) as url:
        found = probe(client_for(url, model=None))
    assert found.works and found.streaming and found.rung is Rung.SCHEMA


def test_a_failure_shows_the_servers_own_words() -> None:
    with scripted(lambda _: refusal(401, "Incorrect API key provided")) as server:
        found = probe(client_for(server.url))
    assert not found.works
    assert "Incorrect API key provided" in found.error


def test_a_probe_can_be_cancelled() -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        probe(client_for("http://127.0.0.1:9"), cancel)


def test_where_the_ladder_begins() -> None:
    assert rung_of(None) is Rung.SCHEMA
    assert rung_of({"rung": "object"}) is Rung.OBJECT
    assert rung_of({"rung": "stairs"}) is Rung.SCHEMA


def test_servers_on_this_machine_are_found() -> None:
    with scripted(lambda _: stream("Hello."), models=("llama", "qwen")) as server:
        port = urlsplit(server.url).port or 0
        found = find_servers([Place("Ollama", port), Place("Nobody", 9)])
    assert [(item.program, item.models) for item in found] == [("Ollama", ("llama", "qwen"))]
    assert found[0].url == f"{server.url}/v1"
    assert find_servers([Place("Ollama", port)]) == ()
