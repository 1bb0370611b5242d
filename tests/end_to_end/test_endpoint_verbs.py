"""Servers added, listed, tested and removed, and their keys, which only the keychain holds."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.file_keychain import variables
from tests.end_to_end.program import Program
from tests.servers import Reply, Request, refusal, scripted, stream

KEY = "sk-never-in-a-file-7f3a"


def answer(request: Request) -> Reply:
    return stream("One, ", "two, ", "three.")


def holds(folder: Path, text: str) -> list[str]:
    """The files in a folder that hold a text."""
    return [str(path) for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_an_endpoint_is_added_tested_and_removed_and_its_key_is_in_no_file(tmp_path: Path) -> None:
    program = Program(tmp_path / "home", **variables(tmp_path / "keychain"))
    with scripted(answer, models=["small", "large"]) as server:
        add = ("endpoint", "add", "Prüfer", "--role", "critic", "--url", server.url)
        added = program.run(*add, "--model", "large", "--key-stdin", "--json", stdin=f"{KEY}\n")
        endpoint = added.record["endpoint"]
        assert (endpoint["name"], endpoint["role"], endpoint["url"], endpoint["model"]) == (
            "Prüfer",
            "critic",
            f"{server.url}/v1",
            "large",
        )
        assert "already" in program.refusal(*add)
        probe = program.json("endpoint", "test", "Prüfer")
        assert {"probed_at", "models", "model", "first_token_s", "tokens_per_s", "rung", "error"} <= probe.keys()
        assert (probe["models"], probe["model"], probe["error"]) == (["small", "large"], "large", "")
        assert {request.headers["Authorization"] for request in server.requests} == {f"Bearer {KEY}"}
    (listed,) = program.json("endpoint", "list")["endpoints"]
    assert listed == {**endpoint, "probe": probe}
    assert "can't be reached" in program.json("endpoint", "test", "Prüfer", code=1)["error"]
    assert KEY not in added.out + added.err
    assert holds(program.home, KEY) == []
    assert holds(tmp_path, KEY) == [str(tmp_path / "keychain")]
    assert program.json("endpoint", "remove", "Prüfer") == {"removed": "Prüfer"}
    assert program.json("endpoint", "list") == {"endpoints": []}
    assert holds(tmp_path, KEY) == []


def test_without_a_keychain_the_key_is_asked_for_by_each_call_and_is_in_no_file(fresh: Program) -> None:
    with scripted(lambda _: refusal(400, "no")) as server:
        add = ("endpoint", "add", "far", "--role", "writer", "--url", server.url, "--key-stdin")
        added = fresh.run(*add, "--json", stdin=f"{KEY}\n")
        assert "in memory for this run alone" in added.record["warnings"][0]
        assert "No key came in" in fresh.refusal("endpoint", "test", "far", code=2)
        tested = fresh.run("endpoint", "test", "far", "--json", code=1, stdin=f"{KEY}\n")
        assert "Key of far" in tested.err
        assert {request.headers.get("Authorization") for request in server.requests} == {f"Bearer {KEY}"}
    assert KEY not in added.out + added.err + tested.out + tested.err
    assert holds(fresh.home, KEY) == []


def test_a_server_that_refuses_is_told_in_its_own_words(fresh: Program) -> None:
    with scripted(lambda request: refusal(401, "no such key")) as server:
        fresh.json("endpoint", "add", "locked", "--role", "teacher", "--url", server.url)
        said = fresh.json("endpoint", "test", "locked", code=1)["error"]
    assert "401" in said
    assert "no such key" in said


def test_servers_of_this_machine_are_looked_for(fresh: Program) -> None:
    found = fresh.json("endpoint", "find")
    assert set(found) == {"servers"}
    assert not fresh.home.exists()
