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

DEMO = ("demo", "--cycles", "2", "--questions", "4", "--seed", "5", "--json")
# Stage line on stderr, seconds after it within which the program is killed, and how often.
KILLS = (
    ("drafting", 3.0, 5),
    ("training", 5.0, 5),
    ("gating", 6.0, 5),
    ("deploying", 4.0, 3),
    ("rolled|Rolling|Live now", 1.0, 2),
)


@pytest.mark.timeout(1200)
def test_a_demo_killed_at_any_moment_ends_with_the_same_figures(tmp_path: Path) -> None:
    undisturbed = finish(tmp_path / "undisturbed")
    home = tmp_path / "killed"
    luck = random.Random(20261122)
    killed = 0
    for stage, within_s, times in KILLS:
        for _ in range(times):
            killed += kill_in_stage(home, stage, luck.uniform(0.0, within_s))
            expect_no_half_version(home)
    killed += sum(kill_in_stage(home, "", luck.uniform(0.2, 4.0)) for _ in range(5))
    result = finish(home)
    assert killed >= 20
    assert result["cycles"] == undisturbed["cycles"]
    assert result["live_version"] == undisturbed["live_version"]
    assert result["rolled_back_ok"] is True
    expect_nothing_double(home)


def command(home: Path, arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "lorastudio", *arguments, "--home", str(home)]


def finish(home: Path) -> dict[str, Any]:
    done = subprocess.run(command(home, DEMO), capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def kill_in_stage(home: Path, stage: str, delay_s: float) -> bool:
    """Run the demo and kill it `delay_s` after it says it is in `stage`; whether the kill came before its end."""
    with subprocess.Popen(command(home, DEMO), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as program:
        assert program.stderr is not None
        for line in program.stderr:
            if re.search(stage, line):
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
