"""The pure parts: addresses, waits, events, reasoning, JSON out of prose."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorastudio.domain.errors import UsageError
from lorastudio.endpoints.json_answers import number_lines, objects, repair
from lorastudio.endpoints.reasoning import ReasoningSplitter, split_reasoning
from lorastudio.endpoints.retry import RetryPolicy, parse_retry_after
from lorastudio.endpoints.sse import payloads
from lorastudio.endpoints.urls import is_loopback, normalise_url, origin, plain_http_warning


@pytest.mark.parametrize(
    ("given_url", "expected"),
    [
        ("localhost:1234", "http://localhost:1234/v1"),
        ("http://localhost:1234/", "http://localhost:1234/v1"),
        ("http://localhost:1234/v1/", "http://localhost:1234/v1"),
        ("http://127.0.0.1:8080/v1/chat/completions", "http://127.0.0.1:8080/v1"),
        ("http://127.0.0.1:8080/v1/models", "http://127.0.0.1:8080/v1"),
        ("api.example.org", "https://api.example.org/v1"),
        ("https://openrouter.ai/api", "https://openrouter.ai/api/v1"),
        ("https://host.example/v1beta/openai/", "https://host.example/v1beta/openai"),
        ("http://[::1]:8000", "http://[::1]:8000/v1"),
        ("  HTTP://Box.Local:80  ", "http://box.local:80/v1"),
        ("https://api.anthropic.com/v1/messages", "https://api.anthropic.com/v1"),
        ("https://api.deepseek.com", "https://api.deepseek.com/v1"),
    ],
)
def test_addresses_come_into_one_form(given_url: str, expected: str) -> None:
    assert normalise_url(given_url) == expected
    assert normalise_url(expected) == expected


@pytest.mark.parametrize(
    "bad",
    ["", "ftp://host/v1", "http://", "http://host:99999", "http://a b", "https://user:pw@host/v1", "http://h/?k=1"],
)
def test_what_is_no_address_is_refused(bad: str) -> None:
    with pytest.raises(UsageError):
        normalise_url(bad)


@pytest.mark.parametrize(
    "address",
    [
        "https://user:hunter2@host.example/v1",
        "https://host.example:hunter2/v1",
        "user:hunter2@host.example",
        "host.example:hunter2",
        "https://user:hun/ter2@host.example/v1",
        "https://user:12/hunter2@host.example/v1",
        "https://user:hunter2?x@host.example",
        "https://user:hunter2#x@host.example",
        "https://hunter2@[::1/v1",
        "https://user:hunter2\u2100@host.example",
        "ftp://user:hunter2@host.example",
        "hunter2 host",
        "https://host.example/v1?key=hunter2",
    ],
)
def test_an_address_that_may_hold_a_password_is_never_repeated(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        normalise_url(address)
    words = "".join(traceback.format_exception(caught.value))
    assert "hunter" not in words
    assert "ter2" not in words


def test_an_origin_is_what_a_key_belongs_to() -> None:
    assert origin("https://api.example.org:8443/a/v1") == "https://api.example.org:8443"


def test_plain_http_to_another_host_is_warned_of() -> None:
    assert plain_http_warning("http://192.168.1.7:8000", has_key=True) is not None
    assert plain_http_warning("https://192.168.1.7:8000", has_key=True) is None
    assert plain_http_warning("localhost:8000", has_key=True) is None
    assert plain_http_warning("http://192.168.1.7:8000", has_key=False) is None
    assert is_loopback("http://127.3.2.1/") and is_loopback("http://[::1]") and not is_loopback("http://localhost.com")


def test_waits_grow_with_jitter_up_to_a_cap() -> None:
    policy = RetryPolicy(first_s=1.0, cap_s=5.0, asked_cap_s=30.0, jitter=Random(0))
    for attempt, most in enumerate((1.0, 2.0, 4.0, 5.0, 5.0), 1):
        assert most / 2 <= policy.wait_s(attempt, None) <= most
    assert policy.wait_s(1, 10.0) == 10.0
    assert policy.wait_s(1, 3600.0) == 30.0


def test_retry_after_is_a_number_or_a_date() -> None:
    assert parse_retry_after(None) is None
    assert parse_retry_after("1.5") == 1.5
    assert parse_retry_after("-3") == 0.0
    assert parse_retry_after("soon") is None
    assert parse_retry_after("nan") is None
    assert parse_retry_after("inf") is None
    later = parse_retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True))
    assert later is not None and 90 < later <= 100
    assert parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


def test_an_event_may_span_lines_and_a_cut_one_is_not_given() -> None:
    assert list(payloads([b'data: {"a":\ndata: 1}\n\ndata: {"b"'])) == ['{"a":\n1}']
    assert list(payloads([b'event: x\nid: 7\ndata:{"a":1}\n', b"data: [DONE]"])) == ['{"a":1}', "[DONE]"]


def split_in(cuts: list[int], text: str) -> tuple[str, str]:
    """The text fed to a splitter in pieces cut at the given places."""
    splitter = ReasoningSplitter()
    places = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    parts = [splitter.take(text[start:end]) for start, end in pairwise(places)]
    parts.append(splitter.finish())
    return "".join(part[0] for part in parts), "".join(part[1] for part in parts)


@given(st.lists(st.integers(0, 200)), st.text(alphabet="<think>/ \nab", max_size=40))
def test_reasoning_is_the_same_however_the_stream_is_cut(cuts: list[int], text: str) -> None:
    assert split_in(cuts, text) == split_in([], text)


@pytest.mark.parametrize(
    ("text", "answer", "reasoning"),
    [
        ("plain", "plain", ""),
        ("<think>why</think>\nso", "so", "why"),
        ("  \n<think>\nwhy\n</think>so\n<think>more</think>end", "so\nend", "why\nmore"),
        ("why not\n</think>\n\nso", "so", "why not"),
        ("<think>never ends", "", "never ends"),
        ("The tag <think> opens a block.", "The tag <think> opens a block.", ""),
        ("Say </think> here.", "Say </think> here.", ""),
    ],
)
def test_reasoning_is_told_from_the_answer(text: str, answer: str, reasoning: str) -> None:
    assert split_reasoning(text) == (answer, reasoning)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '```json\n{"a": 1}\n```',
        'First {"b": 2}, then: {"a": 1}. Done.',
        '{"a": 1,}',
        '{"a": 1, "c": [1, 2,',
        '{"a": 1, "c": "open',
        '{"a": 1, "c": "ends in \\',
        '{"a": 1, "d": None, "e": True,}',
        '{"a": 1, "c": "line\nbreak"}',
        '\ufeff{"a": 1}',
    ],
)
def test_objects_are_found_in_what_models_write(text: str) -> None:
    assert any(found.get("a") == 1 for found in objects(text))


@pytest.mark.parametrize("text", ["", "no", "[1]", "{" * 100_000, '{"a":' * 50_000, '{"a": NaN}', "}{", '{"a": 1]'])
def test_what_holds_no_object_gives_none(text: str) -> None:
    assert not any(found.get("a") == 1 for found in objects(text))


@given(st.text(alphabet='{}[]",:\\ntrue 1aé', max_size=60))
def test_repair_never_fails(text: str) -> None:
    repair(text)
    list(objects(text))


def test_numbers_are_read_from_lines() -> None:
    text = "**Facts**: 1\n- units = 0.5\nform: 3/4\nfacts: 2\nother: 9\nplain: none"
    assert number_lines(text, ("facts", "units", "form", "plain")) == {"facts": 2.0, "units": 0.5, "form": 3.0}
