"""Where the benchmark's models and rows lie, and how a task is done in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lorastudio.processes.child import child_settings
from tests.benchmarks.trainer.contests import MODEL, Side
from tests.benchmarks.trainer.data import ANSWER, PROMPT, Language, Record, make_pairs, write_rows
from tests.benchmarks.trainer.task import Cost, Task

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "build" / "benchmark-training"
PEERS = ROOT / "tests" / "benchmarks" / "peers" / ".venv" / "bin" / "python"
PAIRS = 12
# CPU time is what is compared, so two processes may run beside each other on two cores; a GPU is for one alone.
LANES = 1 if sys.platform == "darwin" else min(2, os.cpu_count() or 1)

Costs = dict[tuple[int, Side], Cost]


@dataclass(frozen=True, slots=True)
class Workshop:
    """`rounds` is how often each side runs, each time on other rows."""

    language: Language
    rounds: int

    @classmethod
    def set_up(cls, rounds: int) -> Workshop:
        """Models and rows made anew."""
        shutil.rmtree(FOLDER, ignore_errors=True)
        _run(sys.executable, "models", str(FOLDER / "models"))
        shop = cls(Language(), rounds)
        for number in range(rounds):
            shop.rows(f"pairs-{number}", make_pairs(shop.language, PAIRS, number, prompt=PROMPT, answer=ANSWER))
        return shop

    def rows(self, name: str, records: Iterable[Record]) -> str:
        """The folder with these rows."""
        return str(write_rows(FOLDER / "rows" / name, records))

    def task(self, side: Side, number: int = 0, **changes: Any) -> Task:
        """What a side does in one round."""
        settings = {
            "method": side.method,
            "model": str(FOLDER / "models" / MODEL),
            "data": str(FOLDER / "rows" / f"pairs-{number}"),
            "output": str(FOLDER / "out" / f"{side.title} {number}".replace(" ", "-")),
            "layers": side.layers,
            "seed": number,
            "lean": side.lean,
            "by_length": side.by_length,
        }
        return Task(**{**settings, **changes})

    def compare(self, alternations: list[list[Side]]) -> Costs:
        """The cost of every side in every round; who is first changes from round to round."""
        jobs = [(number, group) for number in range(self.rounds) for group in alternations]
        with ThreadPoolExecutor(LANES) as lanes:
            parts = lanes.map(lambda job: self._alternate(*job), jobs)
            return {key: cost for part in parts for key, cost in part.items()}

    def _alternate(self, number: int, group: list[Side]) -> Costs:
        sides = group if number % 2 == 0 else group[::-1]
        return {(number, side): self.cost(side, self.task(side, number)) for side in sides}

    def cost(self, side: Side, task: Task) -> Cost:
        self.do(side.program, task)
        cost = Cost(**task.read())
        print(
            f"{time.strftime('%H:%M:%S')} round {task.seed + 1}: {side.title}: {cost.tokens_per_s:,.0f} tokens/s, "
            f"{cost.busy_s:.1f} s, MLX {cost.mlx_peak_bytes / 1e6:,.0f} MB, "
            f"resident {cost.resident_peak_bytes / 1e6:,.0f} MB",
            flush=True,
        )
        return cost

    def do(self, program: str, task: Task) -> None:
        """Run a program of this package on a task; the peer for preferences has an environment of its own."""
        shutil.rmtree(task.output, ignore_errors=True)
        python = str(PEERS) if program == "peer_preference" else sys.executable
        _run(python, program, task.as_argument())


def _run(python: str, program: str, argument: str) -> None:
    command = (python, "-m", f"tests.benchmarks.trainer.{program}", argument)
    settings = os.environ | child_settings()
    if program.startswith("peer_") and shutil.which("g++"):
        settings.pop("MLX_DISABLE_COMPILE", None)  # they compile their steps, which on a CPU takes a C++ compiler
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{program} {argument}\n{done.stderr[-4000:]}"
