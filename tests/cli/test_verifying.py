"""`lorastudio verify` and `verified`, as a person types them, with teachers over real HTTP."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lorastudio import Studio
from lorastudio.domain.verified import Method
from lorastudio.services.verification.settings import VerificationSettings
from tests.cli.conftest import Call
from tests.servers import Reply, Request, ScriptedServer, scripted, stream

ANSWERS = {"What is 40 + 2?": ("42", "42.", "41"), "Which is the capital of Brazil?": ("Brasília", "Rio", "Recife")}


@pytest.fixture
def teachers(call: Call) -> Iterator[list[ScriptedServer]]:
    def script(index: int, request: Request) -> Reply:
        return stream(ANSWERS[request.body["messages"][-1]["content"]][index])

    with (
        scripted(lambda request: script(0, request)) as one,
        scripted(lambda request: script(1, request)) as two,
        scripted(lambda request: script(2, request)) as three,
    ):
        for name, server in (("one", one), ("two", two), ("three", three)):
            call("endpoint", "add", name, "--role", "teacher", "--url", server.url, "--model", "tiny")
        yield [one, two, three]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "questions.txt"
    path.write_text("".join(f"{text}\n" for text in ANSWERS), "utf-8")
    return path


def test_questions_are_verified_shown_exported_and_counted(
    call: Call, teachers: list[ScriptedServer], file: Path, tmp_path: Path
) -> None:
    done = call("verify", "--questions", file, "--quorum", "2", "--method", "short")
    assert done.code == 0
    assert [line["event"] for line in done.lines] == [
        "verification_started",
        "question_verified",
        "question_verified",
        "verification_finished",
    ]
    assert "Safe against 1 that lies" in done.err
    assert "2 of 3 teachers agree, confidence 0.85: 42" in done.err
    last = done.lines[-1]
    assert (last["agreed"], last["disagreed"], last["calls"], len(last["pairs"])) == (1, 1, 6, 1)
    listed = call("verified", "list").lines[0]
    (found,) = listed["verified"]
    assert (found["query"], found["answer"], found["votes"], found["quorum"]) == ("What is 40 + 2?", "42", 2, 2)
    assert found["teachers"] == ["one", "two", "three"]
    assert found["agreement"] == "2 of 3 teachers agree"
    assert found["date"].endswith("Z")
    assert len(call("verified", "list", "--all").lines[0]["verified"]) == 2
    shown = call("verified", "show", found["id"]).lines[0]
    assert shown["answers"][2] == {
        "teacher": "three",
        "state": "usable",
        "text": "41",
        "short_form": "number: 41",
        "supporters": ["three"],
        "note": "",
    }
    out = tmp_path / "verified.jsonl.gz"
    exported = call("verified", "export", "--min-confidence", "0.8", out).lines[0]
    assert exported == {"path": str(out), "verified": 1, "min_confidence": 0.8}
    assert [json.loads(line) for line in gzip.decompress(out.read_bytes()).splitlines()] == [found]
    assert call("verified", "export", out, "--min-confidence", "0.9").lines[0]["verified"] == 0
    said = call("verified", "list", as_json=False).out + call("verified", "show", found["id"], as_json=False).out
    assert "2 of 3 teachers agree" in said
    assert "2 of 3 teachers must agree" in said
    assert "true" not in said.casefold()
    assert call("ready").lines[0]["accepted"] == 1
    assert call("undo").lines[0]["undo"] == "pairs of verification 1"
    assert call("ready").lines[0]["accepted"] == 0


def test_too_few_teachers_is_a_failure_and_a_resume_mends_it(call: Call, file: Path) -> None:
    for name in ("one", "two"):
        call("endpoint", "add", name, "--role", "teacher", "--url", "http://127.0.0.1:9", "--model", name)
    done = call("verify", "--questions", file, "--budget-minutes", "0")
    assert done.code == 1
    assert "budget is used up" in done.err
    assert call("verify", "What?").code == 1
    assert call("verify", "--abandon").lines[0] == {"abandoned": [1]}
    assert call("verify", "--resume").code == 1


def test_the_same_from_python(tmp_path: Path, call: Call, teachers: list[ScriptedServer]) -> None:
    with Studio() as studio:
        done = studio.verify(list(ANSWERS), quorum=2, settings=VerificationSettings(method=Method.SHORT))
        assert (done.agreed, len(done.pairs)) == (1, 1)
        (response,) = studio.verified()
        assert response.finding.answer == "42"
        assert studio.export_verified(tmp_path / "out.jsonl") == 1
