"""Versions judged, deployed, rolled back and served by the program."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.file_keychain import variables
from tests.end_to_end.program import Program, ended
from tests.end_to_end.test_endpoint_verbs import holds

TOKEN = "token-that-nobody-may-read-5b1c"
PATIENCE_S = 30
VERSION = {
    "version",
    "base_model",
    "training_date",
    "num_examples",
    "final_loss",
    "validation_accuracy",
    "gate_accuracy",
    "baseline_accuracy",
    "config",
    "model_path",
    "parent",
    "base_fingerprint",
    "template_hash",
    "dataset_hash",
}


@pytest.fixture
def second(program: Program) -> Program:
    """With a version 2 that nobody has judged."""
    last = program.run("train", "--learning-rate", "1e-3", "--epochs", "1", "--json").lines[-1]
    assert last["version"] == 2
    return program


@contextmanager
def serving(program: Program) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """`lorastudio serve` on a free port, and the line that it prints when it is ready."""
    with program.started("serve", "--port", "0", "--json") as process:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())


def models(url: str, token: str) -> dict[str, str]:
    """Which version answers under each name."""
    headers = {"Authorization": f"Bearer {token}"}
    found = httpx.get(f"{url}/v1/models", headers=headers, trust_env=False).raise_for_status().json()
    return {model["id"]: model["version"] for model in found["data"]}


def wait_for(url: str, version: str) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while models(url, TOKEN)["lorastudio"] != version:
        assert time.monotonic() < give_up_at, f"{version} is not served"
        time.sleep(0.1)


def traces_of_children(pid: int) -> bytes:
    """Arguments and environments of a process's children."""
    children = [
        child for listed in Path(f"/proc/{pid}/task").glob("*/children") for child in listed.read_text().split()
    ]
    assert children
    return b"".join(Path(f"/proc/{child}/{name}").read_bytes() for child in children for name in ("cmdline", "environ"))


def test_the_gate_reports_what_it_found(program: Program) -> None:
    report = program.json("gate", "1")
    assert {"verdict", "gain", "interval", "p", "n", "needed", "against", "guards"} <= report.keys()
    assert report["verdict"] in ("better", "worse", "not enough evidence")
    assert (report["against"], report["needed"], report["n"]) == ("base", 5.0, 200)
    assert len(report["interval"]) == 2
    assert all({"name", "ok", "value"} <= guard.keys() for guard in report["guards"])
    assert "There is no version 7" in program.refusal("gate", "7")


def test_what_is_served_follows_deployments_of_other_processes(second: Program) -> None:
    server = Program(second.home, LORASTUDIO_TOKEN=TOKEN)
    with serving(server) as (process, ready):
        assert set(ready) == {"url", "models"}
        assert {"lorastudio", "version-1", "base"} <= set(ready["models"])
        url = ready["url"]
        assert models(url, TOKEN)["lorastudio"] == "version-1"
        assert httpx.get(f"{url}/v1/models", trust_env=False).status_code == 401
        body = {"model": "lorastudio", "messages": [{"role": "user", "content": "Symbol: gold."}], "max_tokens": 4}
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = httpx.post(f"{url}/v1/chat/completions", json=body, headers=headers, trust_env=False).json()
        assert answer["choices"][0]["message"]["role"] == "assistant"
        if sys.platform == "linux":
            assert TOKEN.encode() not in traces_of_children(process.pid)

        assert "has not judged it yet" in second.refusal("deploy", "2")
        assert "reason" in second.refusal("deploy", "2", "--force", code=2)
        assert "target" in second.refusal("deploy", "1", "--target", "the moon", code=2)
        deployed = second.json("deploy", "2", "--force", "--reason", "a test of serving")
        assert deployed == {"live_version": 2, "target": "local", "ok": True}
        wait_for(url, "version-2")
        assert second.json("rollback")["live_version"] == 1
        wait_for(url, "version-1")
        process.send_signal(signal.SIGTERM)
        stopped = ended(process)
    assert stopped.code == 0
    assert stopped.out == ""
    assert "answers with version 2 now" in stopped.err
    assert TOKEN not in json.dumps(ready) + stopped.err
    assert holds(second.home, TOKEN) == []


def test_versions_and_totals_are_listed(second: Program) -> None:
    listed = second.json("versions")
    assert set(listed) == {"versions", "live_version"}
    assert all(version.keys() >= VERSION for version in listed["versions"])
    first, unjudged = listed["versions"]
    assert (first["verdict"], unjudged["verdict"], unjudged["parent"]) == ("better", None, 1)
    assert first["gate_accuracy"] > first["baseline_accuracy"]
    totals = second.json("stats")
    assert set(totals) == {"total_versions", "best_accuracy", "best_version", "live_version", "pairs", "runs"}
    assert (totals["total_versions"], totals["live_version"], totals["runs"]) == (2, 1, {"finished": 2})
    assert totals["pairs"]["accepted"] == len(second.json("pairs")["pairs"])


def test_a_rollback_may_go_to_the_bare_base_and_back(program: Program) -> None:
    assert program.json("rollback") == {"live_version": None, "target": "local", "ok": True}
    assert program.json("rollback", "1")["live_version"] == 1
    assert "There is no version 9" in program.refusal("rollback", "9")


def test_without_anything_deployed_there_is_nothing_to_roll_back(fresh: Program) -> None:
    assert "nothing to roll back" in fresh.refusal("rollback")


def test_serving_wants_a_token_that_can_be_shown(fresh: Program, tmp_path: Path) -> None:
    assert "LORASTUDIO_TOKEN" in fresh.refusal("serve", "--port", "0")
    strange = Program(fresh.home, LORASTUDIO_TOKEN="tök en")
    assert "tök" not in strange.refusal("serve", "--port", "0", code=2)


def test_a_keychain_keeps_the_token_that_is_made_for_serving(program: Program, tmp_path: Path) -> None:
    keychain = tmp_path / "keychain"
    kept = Program(program.home, **variables(keychain))
    with serving(kept) as (process, ready):
        (token,) = json.loads(keychain.read_text()).values()
        assert models(ready["url"], token)["lorastudio"] == "version-1"
        process.send_signal(signal.SIGINT)
        stopped = ended(process)
    assert stopped.code == 0
    assert token not in json.dumps(ready) + stopped.err
    assert holds(program.home, token) == []
