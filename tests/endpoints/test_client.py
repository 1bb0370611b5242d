from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Sampling, Usage
from lorastudio.domain.errors import Cancelled, EndpointError
from lorastudio.domain.messages import Message, user
from lorastudio.endpoints import server as server_module
from lorastudio.endpoints.answers import ChatAnswer, Delta
from lorastudio.endpoints.asking import Retrying
from lorastudio.endpoints.client import ChatClient, final_answer
from lorastudio.endpoints.retry import RetryPolicy
from tests.endpoints.clients import client_for, endpoint_at
from tests.servers import EVENTS, Reply, Request, events, refusal, scripted, stream, whole

HELLO = user("Say hello.")


def say(*replies: Reply) -> Callable[[Request], Reply]:
    """The replies in turn; the last one for ever."""
    return lambda request: replies[min(request.index, len(replies) - 1)]


def ask(url: str, **options: object) -> ChatAnswer:
    return final_answer(client_for(url, **options).stream(HELLO))


def test_streams_deltas_and_ends_with_the_answer() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 3}
    with scripted(say(stream("Hel", "lo", "!", usage=usage))) as server:
        items = list(client_for(server.url).stream(HELLO, Sampling(0.5, 0.9, 16, 7)))
    assert [item.text for item in items if isinstance(item, Delta)] == ["Hel", "lo", "!"]
    answer = items[-1]
    assert isinstance(answer, ChatAnswer)
    assert (answer.text, answer.finish_reason, answer.usage) == ("Hello!", "stop", Usage(5, 3))
    assert answer.first_token_s is not None
    sent = server.chats[0]
    assert sent.path == "/v1/chat/completions"
    assert sent.body == {
        "model": "tiny",
        "messages": [{"role": "user", "content": "Say hello."}],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 16,
        "seed": 7,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_completes_in_one_piece() -> None:
    with scripted(say(whole("Hello."))) as server:
        answer = client_for(server.url).complete(HELLO, response_format={"type": "json_object"}, extra={"n": 1})
    assert answer.text == "Hello."
    assert server.chats[0].body["response_format"] == {"type": "json_object"}
    assert "stream" not in server.chats[0].body


def test_a_server_that_ignores_stream_is_understood() -> None:
    with scripted(say(whole("Hello."))) as server:
        items = list(client_for(server.url).stream(HELLO))
    assert [type(item) for item in items] == [Delta, ChatAnswer]


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {"prompt_tokens": -1, "completion_tokens": 2},
        {"prompt_tokens": 5, "completion_tokens": 10**9},
        {"prompt_tokens": 5, "completion_tokens": 0},
        {"prompt_tokens": 5, "completion_tokens": "many"},
        {"prompt_tokens": True, "completion_tokens": 3},
        {"prompt_tokens": float("inf"), "completion_tokens": 3},
        [1, 2],
    ],
)
def test_missing_or_absurd_usage_is_estimated_and_said_so(usage: object) -> None:
    with scripted(say(stream("Hello, you.", usage=usage))) as server:
        assert ask(server.url).usage == Usage(3, 3, estimated=True)


def test_hidden_reasoning_may_cost_more_than_the_text() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 900, "completion_tokens_details": {"reasoning_tokens": 890}}
    with scripted(say(stream("Hello.", usage=usage))) as server:
        assert ask(server.url).usage == Usage(5, 900)


def test_u2028_and_pieces_cut_anywhere_are_read() -> None:
    text = "a\u2028b\u0085c ção 😀"
    body = b"".join(events(text)).replace(b"\\u2028", "\u2028".encode())
    with scripted(say(Reply([body[at : at + 3] for at in range(0, len(body), 3)], headers=EVENTS))) as server:
        assert ask(server.url).text == text


def test_lone_surrogates_become_storable_and_split_pairs_are_joined() -> None:
    pieces = [b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % half for half in (b"\\ud83d", b"\\ude00 \\udfff")]
    with scripted(say(Reply([*pieces, *events()], headers=EVENTS))) as server:
        assert ask(server.url).text == "😀 \ufffd"


def test_surrogates_in_a_prompt_can_be_sent() -> None:
    with scripted(say(stream("Hello."))) as server:
        final_answer(client_for(server.url).stream((Message("user", "a\ud800"),)))
    assert server.chats[0].body["messages"][0]["content"] == "a\ud800"


def test_events_without_blank_lines_comments_and_carriage_returns_are_read() -> None:
    body = b"\xef\xbb\xbf: hello\r\nretry: 3\r\n" + b"".join(events("Hel", "lo")).replace(b"\n\n", b"\r\n")
    with scripted(say(Reply([body], headers=EVENTS))) as server:
        assert ask(server.url).text == "Hello"


def test_gzip_is_undone() -> None:
    body = gzip.compress(b"".join(events("Hello.")))
    with scripted(say(Reply([body], headers={**EVENTS, "Content-Encoding": "gzip"}))) as server:
        assert ask(server.url).text == "Hello."


def test_reasoning_is_split_off() -> None:
    field = b'data: {"choices":[{"delta":{"reasoning_content":"First. "}}]}\n\n'
    with scripted(say(Reply([field, *events("<thi", "nk>Then.</th", "ink>\n\nHel", "lo")], headers=EVENTS))) as server:
        items = list(client_for(server.url).stream(HELLO))
    answer = items[-1]
    assert isinstance(answer, ChatAnswer)
    assert (answer.text, answer.reasoning) == ("Hello", "First.\nThen.")
    assert "".join(item.text for item in items if isinstance(item, Delta)).strip() == "Hello"


def test_the_token_limit_is_seen() -> None:
    with scripted(say(stream("Hel", finish="length"))) as server:
        assert ask(server.url).truncated


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_passing_trouble_is_tried_again(status: int) -> None:
    with scripted(say(refusal(status, "busy"), stream("Hello."))) as server:
        items = list(client_for(server.url).stream(HELLO))
    retrying = items[0]
    assert isinstance(retrying, Retrying)
    assert "busy" in retrying.reason
    assert isinstance(items[-1], ChatAnswer)
    assert len(server.chats) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 413])
def test_lasting_trouble_is_not(status: int) -> None:
    with (
        scripted(say(refusal(status, "no such thing"))) as server,
        pytest.raises(EndpointError, match="no such thing") as caught,
    ):
        ask(server.url)
    assert (caught.value.status, caught.value.retryable, len(server.chats)) == (status, False, 1)


def test_attempts_end() -> None:
    with scripted(say(refusal(503, "busy"))) as server, pytest.raises(EndpointError, match="status 503: busy"):
        ask(server.url)
    assert len(server.chats) == 3


def test_retry_after_is_obeyed_and_capped() -> None:
    policy = RetryPolicy(attempts=3, first_s=0.001, asked_cap_s=0.04)
    replies = (refusal(429, "slow", Retry_After="0.02"), refusal(429, "slow", Retry_After="86400"), stream("Hello."))
    with scripted(say(*replies)) as server:
        items = list(client_for(server.url, policy=policy).stream(HELLO))
    assert [item.wait_s for item in items if isinstance(item, Retrying)] == [0.02, 0.04]


@pytest.mark.parametrize(
    "broken",
    [
        Reply(events("Hel", finish=None, done=False), headers=EVENTS, cut=True),
        Reply(events("Hel", finish=None, done=False), headers=EVENTS),
        Reply([b'data: {"choices":[{"delta":{"content":"Hel'], headers=EVENTS),
        Reply([b'{"choices":[{"message":{"content":"Hel']),
        Reply([b'data: {"error":{"message":"out of memory"}}\n\n'], headers=EVENTS),
        Reply([b"data: [1]\n\n"], headers=EVENTS),
        Reply([b""]),
    ],
)
def test_a_broken_answer_is_asked_again_and_its_deltas_are_void(broken: Reply) -> None:
    with scripted(say(broken, stream("Hello."))) as server:
        items = list(client_for(server.url).stream(HELLO))
    assert any(isinstance(item, Retrying) for item in items)
    answer = items[-1]
    assert isinstance(answer, ChatAnswer)
    assert answer.text == "Hello."


def test_a_web_page_is_named() -> None:
    with (
        scripted(say(Reply([b"<html>router</html>"], headers={"Content-Type": "text/html"}))) as server,
        pytest.raises(EndpointError, match="web page"),
    ):
        ask(server.url)
    assert len(server.chats) == 1


def test_a_server_that_is_not_there() -> None:
    with scripted(say(stream("Hello."))) as server:
        pass
    with pytest.raises(EndpointError, match=r"can't be reached.*Is the server running"):
        ask(server.url)


def test_silence_ends_at_the_idle_timeout() -> None:
    silent = Reply(events("Hel", finish=None, done=False), headers=EVENTS, stalls=True)
    with scripted(say(silent, stream("Hello."))) as server:
        items = list(client_for(server.url, idle_timeout_s=0.2).stream(HELLO))
    assert [item.text for item in items if isinstance(item, Delta)] == ["Hel", "Hello."]
    assert any(isinstance(item, Retrying) and "silent" in item.reason for item in items)


@pytest.mark.parametrize("pieces", [[], events("Hel", finish=None, done=False)])
def test_cancel_reaches_a_silent_server(pieces: list[bytes]) -> None:
    cancel = CancelToken()

    def script(_: Request) -> Reply:
        threading.Timer(0.05, cancel.cancel).start()
        return Reply(pieces, headers=EVENTS, stalls=True)

    with scripted(script) as server, pytest.raises(Cancelled):
        final_answer(client_for(server.url, idle_timeout_s=60).stream(HELLO, cancel=cancel))


def test_cancel_between_deltas_and_during_a_wait() -> None:
    cancel = CancelToken()
    with scripted(say(stream("a", "b", "c"))) as server, pytest.raises(Cancelled):
        for _ in client_for(server.url).stream(HELLO, cancel=cancel):
            cancel.cancel()
    waiting = CancelToken()
    policy = RetryPolicy(attempts=2, asked_cap_s=600)
    with scripted(say(refusal(429, "slow", Retry_After="600"))) as server, pytest.raises(Cancelled):
        for item in client_for(server.url, policy=policy).stream(HELLO, cancel=waiting):
            assert isinstance(item, Retrying)
            threading.Timer(0.05, waiting.cancel).start()


def test_leaving_a_stream_early_closes_the_connection() -> None:
    with scripted(say(Reply(events(*"abcdef"), headers=EVENTS, pause_s=0.01))) as server:
        items = client_for(server.url).stream(HELLO)
        next(items)
        items.close()  # type: ignore[attr-defined]
        deadline = time.monotonic() + 5
        while server.at_once and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.at_once == 0


def test_an_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "MAX_RESPONSE_BYTES", 1 << 20)
    block = b": " + b"x" * (1 << 18) + b"\n"
    with (
        scripted(say(Reply([block] * 8, headers=EVENTS))) as server,
        pytest.raises(EndpointError, match="more than 1 MB"),
    ):
        ask(server.url)
    assert len(server.chats) == 1


def test_an_endless_refusal_is_cut_off() -> None:
    with (
        scripted(say(Reply([b"x" * (1 << 16)] * 64, status=400))) as server,
        pytest.raises(EndpointError, match=r"x{300}…"),
    ):
        ask(server.url)


def test_redirects_are_not_followed() -> None:
    with scripted(say(stream("stolen"))) as other:
        away = Reply([], 307, {"Location": f"{other.url}/v1/chat/completions"})
        with scripted(say(away)) as server, pytest.raises(EndpointError, match="redirects are not followed"):
            ask(server.url, key="sk-secret")
        assert other.requests == []


def test_fields_that_a_server_refuses_are_left_out() -> None:
    def script(request: Request) -> Reply:
        for name in ("stream_options", "seed"):
            if name in request.body:
                return refusal(400, f"Extra inputs are not permitted: {name}")
        if "max_tokens" in request.body:
            return refusal(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
        return stream(json.dumps(sorted(request.body)))

    with scripted(script) as server:
        client = client_for(server.url)
        sampling = Sampling(temperature=0.0, max_tokens=9, seed=1)
        answer = final_answer(client.stream(HELLO, sampling))
        assert json.loads(answer.text) == ["max_completion_tokens", "messages", "model", "stream", "temperature"]
        assert client.refused_fields == {"stream_options", "seed", "max_tokens"}
        before = len(server.chats)
        final_answer(client.stream(HELLO, sampling))
        assert len(server.chats) == before + 1


def test_the_first_listed_model_is_asked_for_when_none_is_named() -> None:
    with scripted(say(stream("Hello.")), models=("one", "two")) as server:
        client = client_for(server.url, model=None)
        assert client.models() == ("one", "two")
        final_answer(client.stream(HELLO))
        assert server.chats[0].body["model"] == "one"
    with scripted(say(stream("Hello.")), models=()) as server, pytest.raises(EndpointError, match="lists no model"):
        ask(server.url, model=None)


def test_an_address_that_is_not_known_with_v1_is_tried_without_it_once() -> None:
    def script(request: Request) -> Reply:
        return refusal(404, "no such path") if request.path.startswith("/v1") else stream("Hello.")

    with scripted(script, models=None) as server:
        client = client_for(server.url)
        assert final_answer(client.stream(HELLO)).text == "Hello."
        assert final_answer(client.stream(HELLO)).text == "Hello."
        assert client.base_url == server.url
    assert [request.path for request in server.requests] == [
        "/v1/chat/completions",
        "/chat/completions",
        "/chat/completions",
    ]


@pytest.mark.parametrize(
    "elsewhere",
    [refusal(404, "lost"), refusal(405, "lost"), Reply([b"<html>"], headers={"Content-Type": "text/html"})],
)
def test_what_is_unknown_at_both_addresses_is_told_by_the_first(elsewhere: Reply) -> None:
    def script(request: Request) -> Reply:
        return refusal(404, "no model of that name") if request.path.startswith("/v1") else elsewhere

    with scripted(script) as server, pytest.raises(EndpointError, match="no model of that name") as caught:
        ask(server.url)
    assert (caught.value.status, len(server.chats)) == (404, 2)


def test_a_place_that_has_answered_is_not_left() -> None:
    with scripted(say(stream("Hello."), refusal(404, "no model of that name"))) as server:
        client = client_for(server.url)
        final_answer(client.stream(HELLO))
        with pytest.raises(EndpointError, match="no model of that name"):
            final_answer(client.stream(HELLO))
    assert len(server.chats) == 2


def test_the_endpoints_own_sampling_and_headers_go_along() -> None:
    own = Sampling(temperature=0.25, max_tokens=50)
    headers = (("X-Title", "LoRA Studio"), ("accept", "nothing"))
    with scripted(say(stream("Hello."))) as server:
        client = client_for(server.url, sampling=own, headers=headers)
        final_answer(client.stream(HELLO, Sampling(max_tokens=7, seed=3)))
    sent = server.chats[0]
    assert (sent.body["temperature"], sent.body["max_tokens"], sent.body["seed"]) == (0.25, 7, 3)
    assert sent.headers["X-Title"] == "LoRA Studio"
    assert sent.headers["Accept"] == "text/event-stream, application/json"


@pytest.mark.parametrize(("context", "sent"), [(None, 900), (1000, 900), (100, 97), (2, 900)])
def test_no_more_tokens_are_asked_for_than_the_context_has_room_for(context: int | None, sent: int) -> None:
    with scripted(say(stream("Hello."))) as server:
        final_answer(client_for(server.url, context_length=context).stream(HELLO, Sampling(max_tokens=900)))
    assert server.chats[0].body["max_tokens"] == sent


def test_fields_that_an_earlier_test_saw_refused_are_not_sent() -> None:
    with scripted(say(stream("Hello."))) as server:
        client = ChatClient(endpoint_at(server.url), refused=("seed",))
        final_answer(client.stream(HELLO, Sampling(seed=1)))
    assert "seed" not in server.chats[0].body


def test_the_words_of_a_server_command_no_screen() -> None:
    words = "\x1b]0;owned\x07\x1b[2J\x9b31mred \u202egnorw"
    with scripted(say(refusal(400, words))) as server, pytest.raises(EndpointError) as caught:
        ask(server.url)
    assert str(caught.value).isprintable()
    assert "red" in str(caught.value)
