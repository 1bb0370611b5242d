from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Sampling
from lorastudio.domain.errors import EndpointError
from lorastudio.domain.messages import Message, user
from lorastudio.endpoints.structured import Ladder, Rung, Shape, plain_ask
from tests.endpoints.clients import client_for
from tests.servers import Reply, Request, refusal, scripted, stream

SHAPE = Shape("grade", {"type": "object"}, ("facts", "form"), lambda numbers: {"scores": numbers})
ASKED = (Message("system", "Be brief."), *user("Grade this."))


def read(record: Mapping[str, Any]) -> tuple[float, float]:
    scores = record.get("scores")
    if not isinstance(scores, Mapping) or not all(name in scores for name in SHAPE.numbers):
        raise ValueError("a score is missing")
    if not all(0 <= scores[name] <= 4 for name in SHAPE.numbers):
        raise ValueError("a score is out of range")
    return scores["facts"], scores["form"]


def climb(url: str, ladder: Ladder | None = None) -> tuple[float, float] | None:
    ask = plain_ask(client_for(url), Sampling(seed=5), CancelToken())
    return (ladder or Ladder()).ask(ask, ASKED, SHAPE, read)


def formats(requests: list[Request]) -> list[str | None]:
    return [request.body.get("response_format", {}).get("type") for request in requests]


@pytest.mark.parametrize(
    "text",
    [
        '{"scores": {"facts": 3, "form": 4}}',
        '```json\n{"scores": {"facts": 3, "form": 4}}\n```',
        'Sure! {"x": 1} and {"scores": {"facts": 3, "form": 4}} — done.',
        '{"scores": {"facts": 3, "form": 4,}, "issues": [{"message": "cut',
    ],
)
def test_one_answer_is_enough_when_it_can_be_read(text: str) -> None:
    with scripted(lambda _: stream(text)) as server:
        assert climb(server.url) == (3, 4)
    assert formats(server.chats) == ["json_schema"]


def test_a_refused_format_leads_one_rung_down_and_is_remembered() -> None:
    def script(request: Request) -> Reply:
        kind = request.body.get("response_format", {}).get("type")
        if kind is not None:
            return refusal(400 if kind == "json_schema" else 422, "response_format is not supported")
        return stream('{"scores": {"facts": 1, "form": 2}}')

    ladder = Ladder()
    with scripted(script) as server:
        assert climb(server.url, ladder) == (1, 2)
        assert climb(server.url, ladder) == (1, 2)
    assert formats(server.chats) == ["json_schema", "json_object", None, None]
    assert ladder.rung is Rung.PROMPT


def test_a_server_that_fails_over_the_format_is_not_asked_the_same_again() -> None:
    words = "1 validation error: {'loc': ('body', 'response_format', 'type')}"

    def script(request: Request) -> Reply:
        kind = request.body.get("response_format", {}).get("type")
        return refusal(500, words) if kind == "json_schema" else stream('{"scores": {"facts": 1, "form": 2}}')

    with scripted(script) as server:
        assert climb(server.url) == (1, 2)
    assert formats(server.chats) == ["json_schema", "json_object"]


def test_an_unreadable_answer_is_asked_once_more_with_the_reason() -> None:
    texts = ("What a nice draft.", '{"scores": {"facts": 9, "form": 0}}', '{"scores": {"facts": 2, "form": 0}}')
    with scripted(lambda request: stream(texts[request.index])) as server:
        assert climb(server.url) is None  # the second one is out of range: abstain
        assert len(server.chats) == 2
        assert climb(server.url) == (2, 0)
    second = server.chats[1].body
    assert second["messages"][-1]["content"].startswith("Grade this.\n\n")
    assert "it held no JSON object" in second["messages"][-1]["content"]
    assert second["seed"] == 6


def test_lines_of_numbers_come_last() -> None:
    with scripted(lambda _: stream("facts: 3\nform: 1")) as server:
        assert climb(server.url) == (3, 1)
    assert len(server.chats) == 2


def test_prose_is_an_abstention() -> None:
    with scripted(lambda _: stream("I would rather not.")) as server:
        assert climb(server.url) is None
    assert len(server.chats) == 2


def test_trouble_that_is_no_refusal_of_the_format_passes_through() -> None:
    with scripted(lambda _: refusal(401, "no key")) as server, pytest.raises(EndpointError, match="no key"):
        climb(server.url)
    with scripted(lambda _: refusal(400, "too long")) as server, pytest.raises(EndpointError, match="too long"):
        climb(server.url)
    assert formats(server.chats) == ["json_schema", "json_object", None]


def test_the_schema_travels_whole() -> None:
    with scripted(lambda _: stream(json.dumps({"scores": {"facts": 0, "form": 0}}))) as server:
        climb(server.url)
    assert server.chats[0].body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "grade", "strict": True, "schema": {"type": "object"}},
    }
