"""`lorastudio train --hosts`: what a person sees when a host dies, and what is left when the program does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.end_to_end.program import Program, ended
from tests.services.practice_versions import practice_rows

HERE = {"ssh": "127.0.0.1", "ips": ["127.0.0.1"]}
RECIPE = ("--learning-rate", "1e-3", "--epochs", "6", "--layers", "1", "--max-seq-length", "256")
OFTEN = ("--checkpoint-every-steps", "2", "--samples", "0", "--json")
GONE_WITHIN_S = 15.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "examples.jsonl"
    rows = [(row["prompt"][-1]["content"], row["good"], row["bad"]) for row in practice_rows(64)[52:]]
    names = ("prompt", "completion", "bad_example")
    path.write_text("".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows), "utf-8")
    return path


def children_of(pid: int) -> list[int]:
    table = subprocess.run(["ps", "-axo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in table.splitlines()]
    return sorted(int(row[0]) for row in rows if row[1] == str(pid) and "--worker" in row[2])


def is_alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


def until_saved(process: subprocess.Popen[str], times: int) -> list[int]:
    """Read events until so many checkpoints are saved; the workers."""
    assert process.stdout is not None
    for line in process.stdout:
        times -= json.loads(line)["event"] == "saved"
        if times == 0:
            return children_of(process.pid)
    raise AssertionError("it ended before it saved")


def test_a_rank_and_then_the_program_die_and_the_run_goes_on(file: Path, tmp_path: Path) -> None:
    program, hosts = Program(tmp_path / "home"), tmp_path / "hosts.json"
    hosts.write_text(json.dumps([HERE, HERE]))
    with program.started("train", "--from", file, "--hosts", hosts, *RECIPE, *OFTEN) as process:
        workers = until_saved(process, 2)
        assert len(workers) == 2
        os.kill(workers[1], signal.SIGKILL)
        done = ended(process)
    assert done.code == 1
    assert "On 127.0.0.1 (rank 1): " in done.err and "`lorastudio resume` goes on" in done.err
    assert not any(is_alive(pid) for pid in workers)
    assert program.json("runs")["runs"][0]["state"] == "interrupted"

    with program.started("resume", "--hosts", hosts, "--json") as process:
        workers = until_saved(process, 2)
        assert len(workers) == 2
        process.kill()
        ended(process)
    deadline = time.monotonic() + GONE_WITHIN_S
    while any(is_alive(pid) for pid in workers):
        assert time.monotonic() < deadline, "a worker outlived the program"
        time.sleep(0.1)

    last = program.run("resume", "--json").lines[-1]
    assert last["event"] == "done" and last["version"] == 1


def test_a_wrong_hosts_file_is_refused_before_anything_begins(file: Path, tmp_path: Path) -> None:
    program, hosts = Program(tmp_path / "home"), tmp_path / "hosts.json"
    hosts.write_text(json.dumps([{"ssh": "elsewhere.invalid", "ips": ["10.0.0.1"]}, HERE]))
    said = program.refusal("train", "--from", file, "--hosts", hosts, code=2)
    assert "The first host of" in said and "not this machine" in said
    assert program.json("runs")["runs"] == []
