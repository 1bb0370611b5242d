"""Each bad manner of the practice critic, met by our client over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Sampling
from lorastudio.domain.errors import EndpointError
from lorastudio.domain.messages import Message
from lorastudio.endpoints.answers import ChatAnswer, Delta
from lorastudio.endpoints.asking import Retrying
from lorastudio.endpoints.client import ChatClient, final_answer
from lorastudio.endpoints.structured import Ladder, Shape, plain_ask
from lorastudio.practice.hosting import hosted
from lorastudio.practice.manners import parse_manners
from lorastudio.practice.server import create_app
from tests.endpoints.clients import client_for
from tests.practice.conversations import FAULTY, to_criticise

CRITERIA = ("facts", "units", "plain", "form")
ASKED = tuple(Message(turn["role"], turn["content"]) for turn in to_criticise(FAULTY))
SHAPE = Shape(
    "critique",
    {
        "type": "object",
        "properties": {
            "scores": {
                "type": "object",
                "properties": {name: {"type": "integer"} for name in CRITERIA},
                "required": list(CRITERIA),
            }
        },
        "required": ["scores"],
    },
    CRITERIA,
    lambda numbers: {"scores": dict(numbers)},
)
TRUE_SCORES = (1, 0, 0, 1)


def scores(record: Mapping[str, Any]) -> tuple[float, ...]:
    given = record.get("scores")
    if not isinstance(given, Mapping) or set(CRITERIA) - set(given):
        raise ValueError("a score is missing")
    return tuple(given[name] for name in CRITERIA)


@contextmanager
def critic(manners: str, **fields: Any) -> Iterator[ChatClient]:
    with hosted(create_app(parse_manners(manners))) as url:
        yield client_for(url, **fields)


@pytest.mark.parametrize("manners", ["ignores-response-format", "fenced-json", "broken-json", "lines"])
def test_an_answer_in_a_bad_form_is_read(manners: str) -> None:
    with critic(manners) as client:
        assert Ladder().ask(plain_ask(client, Sampling(), CancelToken()), ASKED, SHAPE, scores) == TRUE_SCORES


@pytest.mark.parametrize("manners", ["prose*1", "cut-json*1"])
def test_an_answer_that_holds_nothing_is_asked_for_again(manners: str) -> None:
    with critic(manners) as client:
        assert Ladder().ask(plain_ask(client, Sampling(), CancelToken()), ASKED, SHAPE, scores) == TRUE_SCORES


def test_prose_for_ever_is_an_abstention() -> None:
    with critic("prose") as client:
        assert Ladder().ask(plain_ask(client, Sampling(), CancelToken()), ASKED, SHAPE, scores) is None


@pytest.mark.parametrize("manners", ["429:0*2", "500*2", "dropped-stream*2", "stall*1"])
def test_trouble_that_passes_is_waited_for(manners: str) -> None:
    with critic(manners, idle_timeout_s=0.3) as client:
        items = list(client.stream(ASKED))
    assert any(isinstance(item, Retrying) for item in items)
    answer = items[-1]
    assert isinstance(answer, ChatAnswer)
    assert '"scores"' in answer.text


def test_trouble_that_stays_is_told() -> None:
    with critic("500") as client, pytest.raises(EndpointError, match="status 500"):
        final_answer(client.stream(ASKED))


def test_a_slow_drip_comes_in_many_pieces() -> None:
    with critic("slow-drip:0.001") as client:
        items = list(client.stream(ASKED))
    assert sum(isinstance(item, Delta) for item in items) > 10
    assert isinstance(items[-1], ChatAnswer) and items[-1].text.endswith("}")


@pytest.mark.parametrize(("manners", "estimated"), [("", False), ("wrong-usage", True), ("no-usage", True)])
def test_usage_that_can_not_be_is_estimated(manners: str, estimated: bool) -> None:
    with critic(manners) as client:
        assert final_answer(client.stream(ASKED)).usage.estimated is estimated
