"""kill -9 of the program at every stage, once and many times: it ends with the very same figures (`make soak`).

The everyday suite kills each stage by itself: drafting, imports, verification, training, deployment, window.
"""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from lorastudio.store.library import Library

DEMO = ("demo", "--questions", "12", "--seed", "5", "--json", "--cycles")
# What the program says on stderr when it gets there, in order, the seconds after it within which it is killed, and
# how often. A gate that is killed samples its answers anew, which is what takes long.
MILESTONES = (
    ("Cycle 1: drafting", 2.0, 4),
    ("Cycle 1: training", 3.0, 4),
    ("Cycle 1: gating", 6.0, 2),
    ("Cycle 1: deploying", 2.0, 4),
    ("Cycle 2: drafting", 2.0, 2),
    ("Cycle 2: training", 3.0, 2),
    ("Cycle 2: gating", 6.0, 1),
    ("Rolling back", 1.5, 4),
)
ROW = {
    "cycle",
    "pairs",
    "quality",
    "perfect",
    "preference_accuracy",
    "canary",
    "version",
    "verdict",
    "deployed",
    "live_quality",
}


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("cycles", "most_kills", "least_killed"),
    [(1, 1, 4), (2, 4, 20)],
    ids=["once", "often"],
)
def test_a_demo_killed_at_any_moment_ends_with_the_same_figures(
    cycles: int, most_kills: int, least_killed: int, tmp_path: Path
) -> None:
    demo = (*DEMO, str(cycles))
    undisturbed = finish(tmp_path / "undisturbed", demo)
    expect_the_promised_figures(undisturbed, cycles)
    home = tmp_path / "killed"
    luck = random.Random(20261122)
    killed = 0
    for number, (words, within_s, times) in enumerate(MILESTONES):
        if words.startswith("Cycle 2") and cycles < 2:
            continue
        for _ in range(min(times, most_kills)):
            killed += kill_at(home, demo, number, luck.uniform(0.0, within_s))
            expect_no_half_version(home)
    result = finish(home, demo)
    assert killed >= least_killed
    assert result["cycles"] == undisturbed["cycles"]
    assert result["live_version"] == undisturbed["live_version"]
    assert result["rolled_back_ok"] is True
    expect_nothing_double(home)


def expect_the_promised_figures(result: dict[str, Any], cycles: int) -> None:
    assert set(result) == {"cycles", "live_version", "rolled_back_ok", "elapsed_s"}
    base, *candidates = result["cycles"]
    assert all(set(row) == ROW for row in result["cycles"])
    assert [row["cycle"] for row in result["cycles"]] == list(range(cycles + 1))
    assert (base["pairs"], base["version"], base["verdict"], base["deployed"]) == (0, None, None, False)
    assert [row["deployed"] for row in candidates] == [row["verdict"] == "better" for row in candidates]
    assert result["live_version"] == max((row["version"] for row in candidates if row["deployed"]), default=None)


def command(home: Path, arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "lorastudio", *arguments, "--home", str(home)]


def finish(home: Path, demo: Sequence[str]) -> dict[str, Any]:
    done = subprocess.run(command(home, demo), capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def kill_at(home: Path, demo: Sequence[str], milestone: int, delay_s: float) -> bool:
    """Run the demo and kill it `delay_s` after it has come to a milestone; whether the kill came before its end."""
    reached = re.compile("|".join(re.escape(words) for words, *_ in MILESTONES[milestone:]))
    with subprocess.Popen(command(home, demo), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as program:
        assert program.stderr is not None
        for line in program.stderr:
            if reached.search(line):
                break
        drain = threading.Thread(target=program.stderr.read, daemon=True)
        drain.start()
        try:
            program.wait(delay_s)
        except subprocess.TimeoutExpired:
            program.send_signal(signal.SIGKILL)
        code = program.wait()
        drain.join()
    return code == -signal.SIGKILL


def expect_no_half_version(home: Path) -> None:
    for adapter in home.rglob("adapters.safetensors"):
        assert adapter.parent.parent == home / "versions"
        assert not adapter.parent.name.startswith(".")
        assert (adapter.parent / "adapter_config.json").is_file()


def expect_nothing_double(home: Path) -> None:
    with Library.open(home, write=False) as library:
        for table, columns in (
            ("pairs", "text_hash"),
            ("versions", "run_id"),
            ("versions", "adapter_hash"),
        ):
            doubles = library.rows(f"SELECT {columns} FROM {table} GROUP BY {columns} HAVING count(*) > 1")
            assert doubles == [], f"{table} holds rows twice"
        answered = library.rows("SELECT key FROM calls WHERE state = 'answered' GROUP BY key HAVING count(*) > 1")
        assert answered == []
