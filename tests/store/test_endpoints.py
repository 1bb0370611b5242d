from __future__ import annotations

from dataclasses import replace

import pytest

from lorastudio.domain.endpoint import Endpoint, EndpointKind, Protocol, Role, Sampling
from lorastudio.domain.errors import KnownError
from lorastudio.store.endpoints import (
    add_endpoint,
    get_endpoint,
    get_probe,
    list_endpoints,
    remove_endpoint,
    save_probe,
)
from lorastudio.store.library import Library

CRITIC = Endpoint(
    "critic",
    Role.CRITIC,
    "http://127.0.0.1:1/v1",
    "judge",
    concurrency=2,
    idle_timeout_s=9.5,
    protocol=Protocol.ANTHROPIC,
    headers=(("X-Title", "LoRA Studio"), ("HTTP-Referer", "https://example.org")),
    sampling=Sampling(temperature=0.25, max_tokens=900),
    prompt_price=0.5,
    completion_price=1.75,
    context_length=8192,
    prefix="query: ",
)
WRITER = Endpoint("local", Role.WRITER, kind=EndpointKind.ENGINE)


def test_an_endpoint_comes_back_as_it_was(library: Library) -> None:
    added = add_endpoint(library, CRITIC)
    assert added == replace(CRITIC, id=added.id)
    assert get_endpoint(library, "critic") == added


def test_endpoints_are_listed_by_role(library: Library) -> None:
    critic, writer = add_endpoint(library, CRITIC), add_endpoint(library, WRITER)
    assert list_endpoints(library) == [critic, writer]
    assert list_endpoints(library, Role.WRITER) == [writer]
    assert list_endpoints(library, Role.TEACHER) == []


def test_a_name_is_taken_once(library: Library) -> None:
    add_endpoint(library, CRITIC)
    with pytest.raises(KnownError, match="called critic already") as caught:
        add_endpoint(library, replace(WRITER, name="critic"))
    assert "endpoint remove critic" in caught.value.hint


def test_removing_says_what_changed(library: Library) -> None:
    added = add_endpoint(library, CRITIC)
    assert remove_endpoint(library, "critic").endpoints == (added.id,)
    assert list_endpoints(library) == []


def test_the_last_probe_is_kept_with_its_time(library: Library) -> None:
    add_endpoint(library, CRITIC)
    assert get_probe(library, "critic") is None
    save_probe(library, "critic", {"schema": False})
    save_probe(library, "critic", {"schema": True})
    probe = get_probe(library, "critic")
    assert probe is not None
    assert probe["schema"] is True
    assert probe["probed_at"].endswith("Z")


def test_an_unknown_name_is_said(library: Library) -> None:
    for call in (get_endpoint, remove_endpoint):
        with pytest.raises(KnownError, match="no endpoint called ghost"):
            call(library, "ghost")
    with pytest.raises(KnownError, match="no endpoint called ghost"):
        save_probe(library, "ghost", {})
