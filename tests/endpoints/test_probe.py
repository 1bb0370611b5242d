from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Endpoint, Role
from lorastudio.domain.errors import Cancelled
from lorastudio.endpoints.discovery import Place, find_servers
from lorastudio.endpoints.probe import Probe, probe, refused_fields, rung_of, with_told_context
from lorastudio.endpoints.structured import Rung
from lorastudio.practice.hosting import hosted
from lorastudio.practice.server import create_app
from tests.endpoints.clients import client_for, embedder_for
from tests.servers import EVENTS, Reply, Request, events, refusal, scripted, stream, whole


def probed(url: str, cancel: CancelToken | None = None, **fields: Any) -> Probe:
    return probe(client_for(url, **fields), embedder_for(url, **fields), cancel)


def vectors(request: Request, dimension: int = 3) -> Reply:
    """One vector for each text, made of its length."""
    rows = [
        {"index": place, "embedding": [len(text), *range(1, dimension)]}
        for place, text in enumerate(request.body["input"])
    ]
    return Reply([json.dumps({"data": rows}).encode()])


def capable(request: Request) -> Reply:
    """A server that can do everything, and obeys schemas."""
    if request.path.endswith("/embeddings"):
        return vectors(request)
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
        found = probed(server.url, model=None)
    assert found.works
    assert (found.models, found.model) == (("one", "two"), "one")
    assert found.streaming and found.logprobs and found.rung is Rung.SCHEMA
    assert found.first_token_s is not None and found.tokens_per_s is not None and not found.tokens_estimated
    assert found.usage_in_streams and found.embeddings and found.dimension == 3 and found.context_length is None
    assert "embeddings of 3 numbers" in found.in_words()
    record = json.loads(json.dumps(found.as_record()))
    assert record["probed_at"].endswith("Z")
    assert rung_of(record) is Rung.SCHEMA


def test_a_schema_that_is_ignored_with_status_200_is_seen() -> None:
    with scripted(lambda _: stream("Hello there!")) as server:
        found = probed(server.url)
    assert found.works and found.rung is Rung.PROMPT and not found.streaming and not found.logprobs


def test_a_server_that_knows_objects_alone() -> None:
    def script(request: Request) -> Reply:
        kind = request.body.get("response_format", {}).get("type")
        if kind == "json_schema":
            return refusal(400, "response_format json_schema is not supported")
        return whole('{"greeting": "hello"}' if kind else "Hello.")

    with scripted(script) as server:
        assert probed(server.url).rung is Rung.OBJECT


def test_the_practice_critic_obeys_schemas() -> None:
    with hosted(create_app()) as url:
        found = probed(url, model=None)
    assert found.works and found.streaming and found.rung is Rung.SCHEMA


def test_an_embedder_is_asked_for_embeddings_alone() -> None:
    with scripted(lambda request: vectors(request, 4), models=("bge",)) as server:
        found = probed(server.url, model=None, role=Role.EMBEDDER)
        assert server.chats == []
    assert (found.works, found.model, found.embeddings, found.dimension) == (True, "bge", True, 4)
    with scripted(lambda _: refusal(501, "no embeddings here")) as server:
        assert "no embeddings here" in probed(server.url, role=Role.EMBEDDER).error


@pytest.mark.parametrize(
    ("path", "record"),
    [
        ("/v1/models", {"data": [{"id": "other", "max_model_len": 1}, {"id": "tiny", "max_model_len": 4096}]}),
        ("/v1/models", {"data": [{"id": "tiny", "context_length": 4096, "max_context_length": 9}]}),
        ("/props", {"default_generation_settings": {"n_ctx": 4096}}),
        ("/api/v0/models", {"data": [{"id": "tiny", "max_context_length": 9999, "loaded_context_length": 4096}]}),
        (
            "/api/show",
            {"parameters": "stop x\nnum_ctx                        4096", "model_info": {"a.context_length": 9}},
        ),
        ("/api/show", {"model_info": {"general.architecture": "llama", "llama.context_length": 4096}}),
    ],
)
def test_the_context_is_found_where_each_program_tells_it(path: str, record: object) -> None:
    def script(request: Request) -> Reply:
        return Reply([json.dumps(record).encode()]) if request.path == path else refusal(404, "nothing here")

    with scripted(script, models=None) as server:
        assert client_for(server.url).context_length() == 4096


def test_a_context_that_nobody_tells_stays_unknown() -> None:
    with scripted(lambda _: refusal(500, "no")) as server:
        assert client_for(server.url).context_length() is None
    with scripted(lambda _: Reply([b'{"parameters": 7, "default_generation_settings": {"n_ctx": "many"}}'])) as server:
        assert client_for(server.url).context_length() is None


def test_what_was_found_is_used_by_the_next_client() -> None:
    record = {"refused_fields": ["seed", 7], "context_length": 512}
    assert refused_fields(record) == ("seed",)
    assert refused_fields(None) == ()
    endpoint = Endpoint("desk", Role.WRITER)
    assert with_told_context(endpoint, record).context_length == 512
    assert with_told_context(replace(endpoint, context_length=99), record).context_length == 99
    assert with_told_context(endpoint, None) == endpoint


def test_a_named_model_needs_no_list() -> None:
    def script(request: Request) -> Reply:
        # What mlx_lm.server sends where no model was ever downloaded.
        return Reply([b""]) if request.path.endswith("/models") else capable(request)

    with scripted(script, models=None) as server:
        found = probed(server.url)
        assert (found.error, found.models, found.model) == ("", (), "tiny")
        assert "no JSON" in probed(server.url, model=None).error


def test_a_failure_shows_the_servers_own_words() -> None:
    with scripted(lambda _: refusal(401, "Incorrect API key provided")) as server:
        found = probed(server.url)
    assert not found.works
    assert "Incorrect API key provided" in found.error


def test_a_probe_can_be_cancelled() -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        probed("http://127.0.0.1:9", cancel)


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


@pytest.mark.parametrize(("owner", "program"), [("llamacpp", "llama.cpp"), ("vllm", "vLLM"), ("me", "Something")])
def test_a_program_on_the_port_of_another_is_known_by_its_list(owner: str, program: str) -> None:
    record = {"data": [{"id": "qwen", "owned_by": owner}]}
    with scripted(lambda _: Reply([json.dumps(record).encode()]), models=None) as server:
        (found,) = find_servers([Place("Something", urlsplit(server.url).port or 0)])
    assert (found.program, found.models) == (program, ("qwen",))
