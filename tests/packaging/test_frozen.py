"""The frozen program does what the program does: `make freeze` builds it and runs these."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

import lorastudio
from lorastudio.processes.child import Child, Mode
from lorastudio.training.protocol import PROTOCOL

pytestmark = [pytest.mark.freeze, pytest.mark.timeout(300)]

ANSWER_S = 240.0
TOKEN = "a token for one test"
QUESTION = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def program(pytestconfig: pytest.Config) -> Path:
    inside = "lorastudio/lorastudio" if sys.platform == "linux" else "LoRA Studio.app/Contents/MacOS/lorastudio"
    path = pytestconfig.rootpath / "dist" / inside
    assert path.exists(), "there is no frozen program yet: make freeze builds it"
    return path


@pytest.fixture
def practice_model(program: Path) -> Path:
    """The practice model inside the frozen program."""
    (config,) = program.parents[1].glob("**/resources/practice/model/config.json")
    return config.parent


@pytest.fixture
def start(program: Path, monkeypatch: pytest.MonkeyPatch):
    """Starts children as the frozen program starts its own; all are stopped at the end."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(program))
    children: list[Child] = []

    def start_child(mode: Mode, order: dict[str, Any]) -> Child:
        child = Child(mode)
        children.append(child)
        child.send(order)
        return child

    yield start_child
    for child in children:
        child.stop()


def answer_of(child: Child, kind: str) -> dict[str, Any]:
    """The child's next message of `kind`."""
    while message := child.receive(timeout_s=ANSWER_S):
        assert message["type"] != "failed", message
        if message["type"] == kind:
            return message
    pytest.fail(f"no {kind}: {child.explain_end()}\n{child.last_words}")


def run(program: Path, *arguments: str) -> str:
    result = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=ANSWER_S)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_says_its_version(program: Path) -> None:
    assert lorastudio.__version__ in run(program, "--version")


def test_explains_the_demo(program: Path) -> None:
    assert "--cycles" in run(program, "demo", "--help")


def test_runs_the_whole_loop(program: Path) -> None:
    result = json.loads(run(program, "demo", "--cycles", "1", "--questions", "4", "--json"))
    assert [row["cycle"] for row in result["cycles"]] == [0, 1]
    assert result["cycles"][1]["pairs"] > 0


def test_worker_knows_the_practice_model(start, practice_model: Path) -> None:
    worker = start("worker", {"type": "job", "job": "inspect", "base": str(practice_model)})
    assert answer_of(worker, "hello")["protocol"] == PROTOCOL
    facts = answer_of(worker, "done")
    assert facts["chat_template"] is True
    assert facts["parameters"] > 0


def test_worker_samples_from_the_practice_model(start, practice_model: Path, tmp_path: Path) -> None:
    requests, output = tmp_path / "requests.jsonl", tmp_path / "samples.jsonl"
    request = {"id": "1", "adapter": "base", "messages": QUESTION, "seed": 0, "temperature": 1.0, "max_tokens": 8}
    requests.write_text(json.dumps(request) + "\n")
    job = {"type": "job", "job": "sample", "base": str(practice_model), "adapters": {"base": None}}
    worker = start("worker", job | {"requests": str(requests), "output": str(output)})
    answer_of(worker, "done")
    sample = json.loads(output.read_text())
    assert sample["id"] == "1"
    assert 0 < sample["tokens"] <= 8


def test_engine_answers_whom_it_knows_and_ends_with_its_parent(start, practice_model: Path) -> None:
    order = {"type": "start", "base": str(practice_model), "token": TOKEN, "port": 0, "adapters": {}, "alias": {}}
    engine = start("engine", order | {"base_name": "practice", "max_batch": 4})
    url = answer_of(engine, "ready")["url"]
    chat = {"model": "practice", "messages": QUESTION, "max_tokens": 8, "seed": 0}
    with httpx.Client(base_url=url, timeout=ANSWER_S) as client:
        assert client.post("/v1/chat/completions", json=chat).status_code == 401
        answer = client.post("/v1/chat/completions", json=chat, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["role"] == "assistant"
    assert engine.stop() == 0


def test_critic_serves_and_ends_with_its_parent(start) -> None:
    critic = start("critic", {"type": "start", "taste": "honest"})
    url = answer_of(critic, "ready")["url"]
    assert httpx.get(f"{url}/health", timeout=ANSWER_S).status_code == 200
    assert critic.stop() == 0
