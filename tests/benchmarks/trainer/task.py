"""What one side of a comparison is told to do and what it cost: between processes as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RANK = 8
BATCH_SIZE = 4
EPOCHS = 3
LEARNING_RATE = 1e-5
MAX_TOKENS = 8_192


@dataclass(frozen=True, slots=True)
class Task:
    """`method` is sft, dpo, orpo or evaluation; `layers` is how many of the last blocks get an adapter.

    `lean` is ours alone: one row at a time. `by_length` is the SFT peer's alone: its length sort mended.
    The order in which rows are seen depends on `seed`.
    """

    method: str
    model: str
    data: str
    output: str
    layers: int
    seed: int
    epochs: int = EPOCHS
    batch_size: int = BATCH_SIZE
    lean: bool = False
    by_length: bool = False

    @property
    def scale(self) -> float:
        """The adapter's scale as the method's peer has it by default."""
        return 20.0 if self.method in ("sft", "evaluation") else 10.0

    def as_argument(self) -> str:
        return json.dumps(asdict(self))

    def write(self, result: Mapping[str, Any]) -> None:
        """Leave what was found for the process that gave the task."""
        self._result.write_text(json.dumps(result), encoding="utf-8")

    def read(self) -> Any:
        return json.loads(self._result.read_text(encoding="utf-8"))

    @property
    def _result(self) -> Path:
        return Path(self.output) / "result.json"


@dataclass(frozen=True, slots=True)
class Cost:
    """`tokens` are useful ones: no padding, and a shared prompt counts wherever it stands.

    `busy_s` is CPU time of the whole process where MLX computes on the CPU, wall time on a GPU. Where the operations
    are counted, `flops` are those that the work can't do without (`flops.py`), and `sgemm_flops_per_s` is what a plain
    matrix product reached in the same process.
    """

    tokens: int
    busy_s: float
    wall_s: float
    mlx_peak_bytes: int
    resident_peak_bytes: int
    flops: int | None = None
    sgemm_flops_per_s: float | None = None

    @property
    def tokens_per_s(self) -> float:
        return self.tokens / self.busy_s


def given_task() -> Task:
    """The task on this process's command line; its output folder is there afterwards."""
    task = Task(**json.loads(sys.argv[1]))
    Path(task.output).mkdir(parents=True, exist_ok=True)
    return task
