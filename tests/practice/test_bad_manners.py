"""Each bad manner of the practice critic, met over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from lorastudio.practice.hosting import hosted
from lorastudio.practice.manners import parse_manners
from lorastudio.practice.server import MANNERS_HEADER, create_app
from tests.practice.conversations import FAULTY, schema_format, to_compare, to_criticise

NONSENSE = schema_format({"type": "object", "properties": {"zebra": {"type": "integer"}}, "required": ["zebra"]})


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with hosted(create_app()) as url, httpx.Client(base_url=url, timeout=5) as client:
        yield client


def post(client: httpx.Client, manners: str, **fields: Any) -> httpx.Response:
    body = {"messages": to_criticise(FAULTY), **fields}
    return client.post("/v1/chat/completions", json=body, headers={MANNERS_HEADER: manners})


def text(answer: httpx.Response) -> str:
    content = answer.json()["choices"][0]["message"]["content"]
    assert isinstance(content, str)
    return content


def test_ignores_the_response_format(client: httpx.Client) -> None:
    answer = text(post(client, "ignores-response-format", response_format=NONSENSE))
    before, brace, _after = answer.partition("{")
    assert before.startswith("Certainly!")
    assert json.loads(brace + _after)["abstain"] is False
    assert "zebra" not in answer


def test_wraps_json_in_a_fence(client: httpx.Client) -> None:
    answer = text(post(client, "fenced-json"))
    assert answer.startswith("```json\n{")
    assert answer.endswith("}\n```")


@pytest.mark.parametrize("manners", ["broken-json", "cut-json", "prose", "lines"])
def test_sends_no_json(client: httpx.Client, manners: str) -> None:
    with pytest.raises(ValueError):
        json.loads(text(post(client, manners)))


def test_lines_name_numbers(client: httpx.Client) -> None:
    assert text(post(client, "lines")).split("\n") == ["facts: 1", "units: 0", "plain: 0", "form: 1", "abstain: 0"]
    assert text(post(client, "lines", messages=to_compare(FAULTY, FAULTY))) == "winner: tie"


def test_refuses_the_first_requests_and_says_when_to_return(client: httpx.Client) -> None:
    answers = [post(client, "429:3*2") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "3"
    assert client.get("/practice/calls").json()["statuses"] == {"429": 2, "200": 1}


def test_fails(client: httpx.Client) -> None:
    answer = post(client, "500")
    assert answer.status_code == 500
    assert answer.json()["error"]["type"] == "server_error"


@pytest.mark.parametrize("stream", [True, False])
def test_drops_the_connection_half_way(client: httpx.Client, stream: bool) -> None:
    received = bytearray()
    headers = {MANNERS_HEADER: "dropped-stream*1"}
    body = {"messages": to_criticise(FAULTY), "stream": stream}
    with (
        pytest.raises(httpx.RemoteProtocolError),
        client.stream("POST", "/v1/chat/completions", json=body, headers=headers) as answer,
    ):
        for block in answer.iter_raw():
            received += block
    assert len(received) > 100
    assert b"[DONE]" not in received
    assert post(client, "dropped-stream*1", stream=stream).status_code == 200


@pytest.mark.parametrize("stream", [True, False])
def test_stalls_until_the_client_leaves(client: httpx.Client, stream: bool) -> None:
    timeout = httpx.Timeout(5, read=0.2)
    body = {"messages": to_criticise(FAULTY), "stream": stream}
    with pytest.raises(httpx.ReadTimeout):
        client.post("/v1/chat/completions", json=body, headers={MANNERS_HEADER: "stall"}, timeout=timeout)
    assert post(client, "").status_code == 200


def test_a_server_ends_while_it_stalls() -> None:
    left = threading.Event()

    def wait_for_an_answer(url: str) -> None:
        with pytest.raises(httpx.HTTPError):
            httpx.post(f"{url}/v1/chat/completions", json={"messages": to_criticise(FAULTY), "stream": True})
        left.set()

    with hosted(create_app(parse_manners("stall"))) as url:
        client = threading.Thread(target=wait_for_an_answer, args=(url,))
        client.start()
        while httpx.get(f"{url}/practice/calls").json()["requests"] == 0:
            continue
    client.join()
    assert left.is_set()


@pytest.mark.parametrize("stream", [True, False])
def test_drips_the_whole_answer_piece_by_piece(client: httpx.Client, stream: bool) -> None:
    headers = {MANNERS_HEADER: "slow-drip:0.001"}
    body = {"messages": to_criticise(FAULTY), "stream": stream}
    with client.stream("POST", "/v1/chat/completions", json=body, headers=headers) as answer:
        blocks = list(answer.iter_raw())
    assert len(blocks) > 10
    whole = b"".join(blocks)
    assert whole.endswith(b"data: [DONE]\n\n") if stream else json.loads(whole)["choices"]


def test_tells_usage_that_can_not_be_or_none(client: httpx.Client) -> None:
    assert post(client, "wrong-usage").json()["usage"]["prompt_tokens"] < 0
    assert "usage" not in post(client, "no-usage").json()
    body = {"stream": True, "stream_options": {"include_usage": True}}
    assert '"completion_tokens":"many"' in post(client, "wrong-usage", **body).text
    assert "usage" not in post(client, "no-usage", **body).text


def test_manners_of_the_server_hold_unless_a_request_has_its_own() -> None:
    with hosted(create_app(parse_manners("500*1,prose"))) as url, httpx.Client(base_url=url) as client:
        body = {"messages": to_criticise(FAULTY)}
        assert post(client, "").status_code == 200
        answers = [client.post("/v1/chat/completions", json=body) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [500, 200]
        assert text(answers[1]).startswith("The draft has its merits")


def test_manners_that_do_not_exist_are_refused(client: httpx.Client) -> None:
    answer = post(client, "rude")
    assert answer.status_code == 400
    assert "rude" in answer.json()["error"]["message"]
