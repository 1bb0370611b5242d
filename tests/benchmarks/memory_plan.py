"""How near the memory plan comes to what real runs take: the estimate beside the measured peak, run by run.

    make bench-memory

Each run goes through a worker of its own, as the program starts it, for two optimiser steps over rows like those of
the training benchmark; the estimate is the one that it reports before its first step, uncorrected.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.sizes import size_in_words
from lorastudio.processes.jobs import Worker
from lorastudio.training.config import Execution, Objective, TrainConfig
from tests.benchmarks.trainer.data import ANSWER, PROMPT, SHORT_ANSWER, SHORT_PROMPT, Language, make_pairs, write_rows
from tests.benchmarks.trainer.models import make_model
from tests.benchmarks.trainer.shapes import SHAPES

WITHIN = 0.2
STEPS = 2
PLENTY = {"total_bytes": 1 << 40, "budget_bytes": 1 << 40}

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3_600)]


@dataclass(frozen=True, slots=True)
class Case:
    """One run: on which model, with which rows, by which recipe."""

    name: str
    config: TrainConfig
    model: str = "small"
    rows: str = "long"


@dataclass
class Measured:
    """What the plan said and what the run took."""

    case: Case
    parts: dict[str, int] = field(default_factory=dict)
    estimate_bytes: int = 0
    peak_bytes: int = 0

    @property
    def ratio(self) -> float:
        return self.estimate_bytes / self.peak_bytes


SFT = TrainConfig(objective=Objective.SFT, rank=8, epochs=1, batch_size=4, max_seq_length=8192)
DPO = replace(SFT, objective=Objective.DPO)
CASES = (
    Case("SFT, top half", replace(SFT, layers=4)),
    Case("SFT, all layers", SFT),
    Case("SFT, top half, lean", replace(SFT, layers=4, lean=True)),
    Case("SFT, all layers, checkpointing", replace(SFT, checkpointing=True)),
    Case("DPO, top half", replace(DPO, layers=4)),
    Case("DPO, all layers", DPO),
    Case("DPO, top half, lean", replace(DPO, layers=4, lean=True)),
    Case("DPO, all layers, lean, checkpointing", replace(DPO, lean=True, checkpointing=True)),
    Case("DPO, all layers, 512 tokens a pass", replace(DPO, tokens_per_pass=512)),
    Case("SFT, all layers, short rows", SFT, rows="short"),
    Case("SFT, top half, padded", replace(SFT, layers=4, execution=Execution.PADDED)),
    Case("SFT, all layers, padded, checkpointing", replace(SFT, execution=Execution.PADDED, checkpointing=True)),
    Case("SFT, top half, hidden size 1,024", replace(SFT, layers=2), model="wide"),
    Case("DPO, all layers, hidden size 1,024", DPO, model="wide"),
)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("memory")
    language = Language()
    for name in ("small", "wide"):
        make_model(folder / name, SHAPES[name])
    for name, prompt, answer in (("long", PROMPT, ANSWER), ("short", SHORT_PROMPT, SHORT_ANSWER)):
        count = STEPS * SFT.batch_size
        write_rows(folder / name, make_pairs(language, count, seed=3, prompt=prompt, answer=answer))
    return folder


def measure(workshop: Path, folder: Path, case: Case) -> Measured:
    order = {
        "job": "train",
        "base": str(workshop / case.model),
        "data": str(workshop / case.rows),
        "config": case.config.as_record(),
        "checkpoints": str(folder / "checkpoints"),
        "output": str(folder / "output"),
        "memory": PLENTY,
    }
    measured = Measured(case)
    with Worker() as worker:
        for message in worker.run(order, CancelToken()):
            _note(measured, message)
    return measured


def _note(measured: Measured, message: dict[str, Any]) -> None:
    if message["type"] == "plan":
        measured.parts, measured.estimate_bytes = message["parts"], message["estimate_bytes"]
    for step in (message, *message.get("earlier", ())):
        measured.peak_bytes = max(measured.peak_bytes, step.get("peak_memory_bytes", 0))


def print_table(found: list[Measured]) -> None:
    print(f"\nMemory plan, {platform.system()} {platform.machine()}, CPU, random models; not a Mac")
    print(f"{'run':40} {'estimate':>10} {'measured':>10} {'ratio':>6}   parts of the estimate")
    for one in found:
        parts = ", ".join(f"{name} {size_in_words(size)}" for name, size in one.parts.items())
        estimate, peak = size_in_words(one.estimate_bytes), size_in_words(one.peak_bytes)
        print(f"{one.case.name:40} {estimate:>10} {peak:>10} {one.ratio:6.2f}   {parts}")


def test_estimates_are_within_a_fifth_of_the_peaks(workshop: Path, tmp_path: Path) -> None:
    found = [measure(workshop, tmp_path / str(number), case) for number, case in enumerate(CASES)]
    print_table(found)
    missed = [one.case.name for one in found if abs(one.ratio - 1) > WITHIN]
    assert not missed
