"""kill -9 of the program at more than twenty moments: it goes on, and ends with the very same figures."""

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

DEMO = ("demo", "--cycles", "2", "--questions", "12", "--seed", "5", "--json")
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


@pytest.mark.timeout(1200)
def test_a_demo_killed_at_any_moment_ends_with_the_same_figures(tmp_path: Path) -> None:
    undisturbed = finish(tmp_path / "undisturbed")
    expect_the_promised_figures(undisturbed)
    home = tmp_path / "killed"
    luck = random.Random(20261122)
    killed = 0
    for number, (_, within_s, times) in enumerate(MILESTONES):
        for _ in range(times):
            killed += kill_at(home, number, luck.uniform(0.0, within_s))
            expect_no_half_version(home)
    result = finish(home)
    assert killed >= 20
    assert result["cycles"] == undisturbed["cycles"]
    assert result["live_version"] == undisturbed["live_version"]
    assert result["rolled_back_ok"] is True
    expect_nothing_double(home)


def expect_the_promised_figures(result: dict[str, Any]) -> None:
    assert set(result) == {"cycles", "live_version", "rolled_back_ok", "elapsed_s"}
    base, *candidates = result["cycles"]
    assert all(set(row) == ROW for row in result["cycles"])
    assert [row["cycle"] for row in result["cycles"]] == [0, 1, 2]
    assert (base["pairs"], base["version"], base["verdict"], base["deployed"]) == (0, None, None, False)
    assert [row["deployed"] for row in candidates] == [row["verdict"] == "better" for row in candidates]
    assert result["live_version"] == max((row["version"] for row in candidates if row["deployed"]), default=None)


def command(home: Path, arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "lorastudio", *arguments, "--home", str(home)]


def finish(home: Path) -> dict[str, Any]:
    done = subprocess.run(command(home, DEMO), capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def kill_at(home: Path, milestone: int, delay_s: float) -> bool:
    """Run the demo and kill it `delay_s` after it has come to a milestone; whether the kill came before its end."""
    reached = re.compile("|".join(re.escape(words) for words, *_ in MILESTONES[milestone:]))
    with subprocess.Popen(command(home, DEMO), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as program:
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
