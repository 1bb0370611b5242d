"""Own writer and critic over HTTP: stopped, gone on with, left."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator

import pytest

from tests.end_to_end.program import Program, ended
from tests.servers import Reply, Request, ScriptedServer, scripted, stream, whole


class Editor:
    """Writes, and revises to the same words with one more; criticises drafts by their number of words."""

    def __init__(self) -> None:
        self.stalls = False

    def __call__(self, request: Request) -> Reply:
        if "response_format" in request.body:
            return self._critique(request)
        if self.stalls:
            return Reply([], stalls=True)
        return stream(
            f"Answer {request.index} to what was asked, in words that nobody used before {request.index * 7}."
        )

    def _critique(self, request: Request) -> Reply:
        schema = request.body["response_format"].get("json_schema", {}).get("schema", {})
        names = schema.get("properties", {}).get("scores", {}).get("properties", {})
        top = {name: limits.get("maximum", 1) for name, limits in names.items()}
        scores = {name: high if request.index % 2 else 0 for name, high in top.items()}
        return whole(json.dumps({"scores": scores, "issues": [], "abstain": False}))


@pytest.fixture
def editor() -> Editor:
    return Editor()


@pytest.fixture
def server(editor: Editor) -> Iterator[ScriptedServer]:
    with scripted(editor) as server:
        yield server


@pytest.fixture
def writing(fresh: Program, server: ScriptedServer) -> Program:
    """The program with the scripted server as writer and as critic."""
    for name, role in (("Feder", "writer"), ("Rotstift 赤", "critic")):
        fresh.json("endpoint", "add", name, "--role", role, "--url", server.url)
    return fresh


def test_a_stopped_cycle_goes_on_or_is_left(writing: Program, editor: Editor, server: ScriptedServer) -> None:
    editor.stalls = True
    with writing.started("cycle", "What is love?", "Was ist Liebe?", "--json") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "question_started":
                break
        process.send_signal(signal.SIGINT)
        stopped = ended(process)
    assert stopped.code == 1
    assert stopped.lines[-1]["error"]["message"].startswith("Stopped")
    assert "`lorastudio cycle --resume` goes on" in stopped.err
    assert "is not finished" in writing.refusal("cycle", "Something new?")
    editor.stalls = False
    events = writing.run("cycle", "--resume", "--max-iterations", "2", "--json").lines
    assert events[-1]["event"] == "cycle_done"
    assert (events[-1]["questions"], events[-1]["version"], events[-1]["deployed"]) == (2, None, False)
    shown = writing.json("pairs")
    assert len(shown["pairs"]) == shown["counts"]["pending"] == events[-1]["pairs"] > 0
    assert "no unfinished cycle" in writing.refusal("cycle", "--resume")
    assert writing.json("cycle", "--abandon") == {"abandoned": []}


def test_a_server_that_refuses_fails_the_cycle_which_can_be_left(fresh: Program) -> None:
    for role in ("writer", "critic"):
        fresh.json("endpoint", "add", role, "--role", role, "--url", "http://127.0.0.1:9")
    said = fresh.refusal("cycle", "What is love?")
    assert "can't be reached" in said
    assert "cycle --resume" in said
    assert fresh.json("cycle", "--abandon") == {"abandoned": [1]}


@pytest.mark.parametrize(
    "arguments",
    [(), ("",), ("--resume", "--abandon"), ("What is love?", "--resume"), ("x", "--max-iterations", "7")],
)
def test_a_cycle_that_is_not_clear_is_wrong_usage(fresh: Program, arguments: tuple[str, ...]) -> None:
    fresh.refusal("cycle", *arguments, code=2)
    assert not fresh.home.exists() or arguments == ("",)
