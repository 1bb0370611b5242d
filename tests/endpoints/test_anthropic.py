"""Anthropic's own API behind the same client: requests as its reference has them, and answers in its events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Protocol, Sampling, Usage
from lorastudio.domain.errors import EndpointError
from lorastudio.domain.messages import Message
from lorastudio.endpoints.answers import ChatAnswer, Delta
from lorastudio.endpoints.asking import Retrying
from lorastudio.endpoints.client import ChatClient, final_answer
from lorastudio.endpoints.structured import Ladder, Rung, Shape, plain_ask
from tests.endpoints.clients import client_for
from tests.servers import EVENTS, Reply, Request, refusal, scripted

ASKED = (Message("system", "Be brief."), Message("user", "Say hello."))
KEY = "sk-ant-0123456789"


def anthropic(url: str, **fields: Any) -> ChatClient:
    return client_for(url, KEY, protocol=Protocol.ANTHROPIC, **fields)


def told(*records: dict[str, Any]) -> Reply:
    """A stream with the name of each event before it, as the API sends them."""
    return Reply(
        [f"event: {record['type']}\ndata: {json.dumps(record)}\n\n".encode() for record in records], headers=EVENTS
    )


def speaking(*texts: str, stop: str = "end_turn") -> Reply:
    return told(
        {"type": "message_start", "message": {"content": [], "usage": {"input_tokens": 9, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Why not."}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "x"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "ping"},
        *({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": text}} for text in texts),
        {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 700}},
        {"type": "message_stop"},
    )


def whole(text: str, **usage: int) -> Reply:
    record = {"type": "message", "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "usage": usage}
    return Reply([json.dumps(record).encode()])


def test_a_stream_is_read_and_the_request_is_the_apis_own() -> None:
    with scripted(lambda _: speaking("Hel", "lo!")) as server:
        items = list(anthropic(server.url).stream(ASKED, Sampling(0.5, 0.9, 16, seed=7)))
    assert [(item.text, item.reasoning) for item in items if isinstance(item, Delta)] == [
        ("", "Why not."),
        ("Hel", ""),
        ("lo!", ""),
    ]
    answer = items[-1]
    assert isinstance(answer, ChatAnswer)
    assert (answer.text, answer.reasoning, answer.finish_reason) == ("Hello!", "Why not.", "end_turn")
    assert answer.usage == Usage(9, 700)
    (sent,) = server.requests
    assert sent.path == "/v1/messages"
    assert sent.body == {
        "model": "tiny",
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Say hello."}],
        "max_tokens": 16,
        "temperature": 0.5,
        "top_p": 0.9,
        "stream": True,
    }
    assert sent.headers["x-api-key"] == KEY
    assert sent.headers["anthropic-version"] == "2023-06-01"
    assert "Authorization" not in sent.headers


def test_a_whole_message_is_read_with_what_came_from_the_cache_counted() -> None:
    reply = whole("Hello.", input_tokens=2, cache_creation_input_tokens=3, cache_read_input_tokens=4, output_tokens=3)
    with scripted(lambda _: reply) as server:
        answer = anthropic(server.url).complete(ASKED)
    assert (answer.text, answer.usage) == ("Hello.", Usage(9, 3))
    assert server.requests[0].body["max_tokens"] > 0


def test_the_token_limit_is_seen() -> None:
    with scripted(lambda _: speaking("Hel", stop="max_tokens")) as server:
        assert final_answer(anthropic(server.url).stream(ASKED)).truncated


def test_an_error_in_the_stream_is_asked_again() -> None:
    overloaded = told(
        {"type": "message_start", "message": {"usage": {}}},
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
    )
    replies = iter((overloaded, speaking("Hello.")))
    with scripted(lambda _: next(replies)) as server:
        items = list(anthropic(server.url).stream(ASKED))
    assert any(isinstance(item, Retrying) and "Overloaded" in item.reason for item in items)
    assert isinstance(items[-1], ChatAnswer)


def test_a_stream_without_its_end_is_asked_again() -> None:
    cut = told({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hel"}})
    replies = iter((cut, speaking("Hello.")))
    with scripted(lambda _: next(replies)) as server:
        assert final_answer(anthropic(server.url).stream(ASKED)).text == "Hello."


def test_a_refusal_shows_the_servers_words_without_the_key() -> None:
    with (
        scripted(lambda _: refusal(401, f"invalid x-api-key {KEY}")) as server,
        pytest.raises(EndpointError, match="invalid x-api-key") as caught,
    ):
        final_answer(anthropic(server.url).stream(ASKED))
    assert KEY not in str(caught.value)


def test_the_ladder_knows_a_schema_or_nothing() -> None:
    shape = Shape("greeting", {"type": "object", "properties": {"hello": {"type": "string"}}})

    def read(record: Any) -> str:
        return str(record["hello"])

    def obeying(request: Request) -> Reply:
        return whole('{"hello": "you"}') if "output_config" in request.body else whole("Hello.")

    with scripted(obeying) as server:
        ladder = Ladder()
        assert ladder.ask(plain_ask(anthropic(server.url), Sampling(), CancelToken()), ASKED, shape, read) == "you"
    assert server.requests[0].body["output_config"] == {"format": {"type": "json_schema", "schema": dict(shape.schema)}}

    def old(request: Request) -> Reply:
        if "output_config" in request.body:
            return refusal(400, "output_config: Extra inputs are not permitted")
        return whole('Here: {"hello": "you"}')

    with scripted(old) as server:
        ladder = Ladder()
        assert ladder.ask(plain_ask(anthropic(server.url), Sampling(), CancelToken()), ASKED, shape, read) == "you"
        assert ladder.rung is Rung.PROMPT


@pytest.mark.parametrize("record", [[], {"type": "message", "content": 3, "usage": 4}, {"type": "message_delta"}])
def test_what_is_no_message_never_breaks_the_client(record: object) -> None:
    with scripted(lambda _: Reply([json.dumps(record).encode()])) as server:
        try:
            assert anthropic(server.url).complete(ASKED).text == ""
        except EndpointError as error:
            assert "no answer" in error.message
