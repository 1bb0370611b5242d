"""Setting endpoints up over a real library, with keys in a keychain of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Endpoint, Protocol, Role, Sampling
from lorastudio.domain.errors import KnownError, UsageError
from lorastudio.endpoints.secrets import Keychain, account_of
from lorastudio.services import endpoint_setup
from lorastudio.services.servers import LocalServers
from lorastudio.store.endpoints import get_endpoint, get_probe, list_endpoints, save_probe
from lorastudio.store.library import Library
from tests.servers import Reply, Request, refusal, scripted, stream

KEY = "sk-0123456789"
FAR = Endpoint("far", Role.CRITIC, "https://api.example.org", "judge")


@pytest.fixture(autouse=True)
def no_keys_of_other_tests() -> Iterator[None]:
    """What one test keeps in memory is not there for the next."""
    yield
    keyring.set_keyring(fail.Keyring())


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "home", write=True) as library:
        yield library


def test_all_of_an_endpoint_is_kept_in_one_form(library: Library) -> None:
    asked = replace(
        FAR,
        name=" far ",
        protocol=Protocol.ANTHROPIC,
        headers=((" X-Title", "LoRA "),),
        sampling=Sampling(temperature=0.5),
        prompt_price=0.25,
        completion_price=1.25,
        context_length=8000,
    )
    added, warnings = endpoint_setup.add(library, asked)
    assert added == replace(
        asked, name="far", url="https://api.example.org/v1", headers=(("X-Title", "LoRA"),), id=added.id
    )
    assert warnings == []
    assert get_endpoint(library, "far") == added


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "a:b"},
        {"name": "a\x1b[2J"},
        {"url": "ftp://host"},
        {"concurrency": 0},
        {"concurrency": 1000},
        {"connect_timeout_s": 0.0},
        {"idle_timeout_s": float("inf")},
        {"sampling": Sampling(temperature=-1)},
        {"sampling": Sampling(top_p=1.5)},
        {"sampling": Sampling(max_tokens=0)},
        {"prompt_price": -0.1},
        {"completion_price": float("nan")},
        {"context_length": 0},
        {"headers": (("Authorization", "Bearer x"),)},
    ],
)
def test_what_makes_no_sense_is_neither_added_nor_edited_in(library: Library, wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        endpoint_setup.add(library, replace(FAR, **wrong), KEY)  # type: ignore[arg-type]
    assert list_endpoints(library) == []
    added, _ = endpoint_setup.add(library, FAR)
    if "name" not in wrong:
        with pytest.raises(UsageError):
            endpoint_setup.edit(library, replace(added, **wrong))  # type: ignore[arg-type]
    assert list_endpoints(library) == [added]


def test_an_edit_forgets_a_test_that_is_no_longer_true(library: Library) -> None:
    added, _ = endpoint_setup.add(library, FAR)
    save_probe(library, "far", {"rung": "object"})
    after, _ = endpoint_setup.edit(library, replace(added, concurrency=9, prompt_price=1.0))
    assert (after.concurrency, get_probe(library, "far") is not None) == (9, True)
    endpoint_setup.edit(library, replace(after, model="other"))
    assert get_probe(library, "far") is None
    with pytest.raises(KnownError, match="no endpoint called ghost"):
        endpoint_setup.edit(library, replace(after, name="ghost"))


def test_without_a_keychain_a_key_is_kept_for_this_run_and_it_is_said(library: Library) -> None:
    with scripted(lambda _: stream("Hello.")) as server:
        added, warnings = endpoint_setup.add(library, replace(FAR, url=server.url), KEY)
        assert any("in memory for this run alone" in text for text in warnings)
        assert added.key_set_at is not None
        with LocalServers(library) as servers:
            servers.client("far").models()
        assert server.requests[-1].headers["Authorization"] == f"Bearer {KEY}"
        # The next run has another memory.
        keyring.set_keyring(fail.Keyring())
        with LocalServers(library) as servers, pytest.raises(KnownError, match="key of far is not here"):
            servers.client("far")
        asked: list[str] = []

        def ask(endpoint: Endpoint) -> str:
            asked.append(endpoint.name)
            return "sk-typed"

        with LocalServers(library, ask_key=ask) as servers:
            servers.client("far").models()
            servers.embedder("far").model()
        assert server.requests[-1].headers["Authorization"] == "Bearer sk-typed"
        assert asked == ["far"]


def test_a_key_stays_with_its_server(library: Library) -> None:
    added, _ = endpoint_setup.add(library, FAR, KEY)
    kept, warnings = endpoint_setup.edit(library, replace(added, url="https://api.example.org/other/v1"))
    assert (kept.key_set_at, warnings) == (added.key_set_at, [])
    assert Keychain().get(account_of(kept)) == KEY
    moved, warnings = endpoint_setup.edit(library, replace(kept, url="https://elsewhere.example/v1"))
    assert moved.key_set_at is None
    assert "was for https://api.example.org" in warnings[0]
    assert Keychain().get(account_of(kept)) is None
    assert Keychain().get(account_of(moved)) is None
    again, _ = endpoint_setup.edit(library, replace(moved, url="https://third.example/v1"), "sk-third")
    assert Keychain().get(account_of(again)) == "sk-third"
    forgotten, warnings = endpoint_setup.edit(library, again, forget_key=True)
    assert (forgotten.key_set_at, warnings) == (None, [])
    assert Keychain().get(account_of(again)) is None


def test_a_changed_key_reaches_the_client_that_is_in_use(library: Library) -> None:
    with scripted(lambda _: stream("Hello.")) as server, LocalServers(library) as servers:
        added, _ = endpoint_setup.add(library, replace(FAR, url=server.url), KEY)
        assert servers.client("far") is servers.client("far")
        servers.client("far").models()
        endpoint_setup.edit(library, replace(added, concurrency=2), "sk-second")
        servers.client("far").models()
    assert [request.headers["Authorization"] for request in server.requests] == [f"Bearer {KEY}", "Bearer sk-second"]


def test_removing_takes_the_key_along(library: Library) -> None:
    added, warnings = endpoint_setup.add(library, replace(FAR, url="http://192.168.1.7:8000"), KEY)
    assert any("unencrypted to 192.168.1.7" in text for text in warnings)
    endpoint_setup.remove(library, "far")
    assert Keychain().get(account_of(added)) is None


def test_a_test_is_kept_and_serves_the_next_client(library: Library) -> None:
    def script(request: Request) -> Reply:
        if "seed" in request.body:
            return refusal(400, "Unknown field: seed")
        return stream("One, ", "two.") if request.path.endswith("/chat/completions") else refusal(404, "nothing")

    with scripted(script) as server:
        endpoint_setup.add(library, replace(FAR, url=server.url))
        with LocalServers(library) as servers:
            found = endpoint_setup.test(library, servers, "far", CancelToken())
        assert found.works and not found.embeddings
        with LocalServers(library) as servers:
            assert servers.client("far").refused_fields == {"seed"}
    probe = get_probe(library, "far")
    assert probe is not None and probe["refused_fields"] == ["seed"]
