from __future__ import annotations

import pytest

from lorastudio.domain.errors import UsageError
from lorastudio.endpoints.headers import checked_headers


def test_plain_headers_are_kept_trimmed_and_in_order() -> None:
    headers = [("X-Title", " LoRA Studio "), ("HTTP-Referer", "https://example.org"), ("anthropic-beta", "a,b")]
    assert checked_headers(headers) == (
        ("X-Title", "LoRA Studio"),
        ("HTTP-Referer", "https://example.org"),
        ("anthropic-beta", "a,b"),
    )
    assert checked_headers([("OpenAI-Organization", "org-1")]) == (("OpenAI-Organization", "org-1"),)


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Proxy-Authorization",
        "x-api-key",
        "API-Key",
        "X-Goog-Api-Key",
        "X-Auth-Token",
        "Cookie",
        "X-Amz-Security-Token",
        "Ocp-Apim-Subscription-Key",
        "x_secret",
        "X-Password",
    ],
)
def test_a_header_that_carries_a_secret_is_refused_without_showing_it(name: str) -> None:
    with pytest.raises(UsageError, match="carries a secret") as caught:
        checked_headers([(name, "hunter2")])
    assert "hunter2" not in str(caught.value)
    assert "--key-stdin" in caught.value.hint


@pytest.mark.parametrize(
    "value", ["Bearer hunter2", "basic aHVudGVyMg==", "sk-hunter2hunter2", "see hf_hunter2hunter2"]
)
def test_a_secret_under_another_name_is_refused_too(value: str) -> None:
    with pytest.raises(UsageError, match="carries a secret") as caught:
        checked_headers([("X-Note", value)])
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", "a"),
        ("X Y", "a"),
        ("X-É", "a"),
        ("X-A\r\nHost", "a"),
        ("X-A", ""),
        ("X-A", "a\r\nHost: b"),
        ("X-A", "ç"),
        ("X-A", "a" * 2000),
        ("Host", "elsewhere.example"),
        ("content-length", "0"),
        ("Accept", "a"),
    ],
)
def test_what_can_not_be_sent_or_is_ours_is_refused(name: str, value: str) -> None:
    with pytest.raises(UsageError):
        checked_headers([(name, value)])


def test_a_name_counts_once_and_there_are_not_too_many() -> None:
    with pytest.raises(UsageError, match="given twice"):
        checked_headers([("X-A", "1"), ("x-a", "2")])
    with pytest.raises(UsageError, match="at most"):
        checked_headers([(f"X-{place}", "1") for place in range(21)])
