"""Memory plans of runs: made before the first step, held against what was measured, learnt from per base model."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.training_events import MemoryPlanned
from lorastudio.processes.jobs import Worker
from lorastudio.services.base_models import resolve_base
from lorastudio.services.run_rows import freeze_rows
from lorastudio.store.library import Library
from lorastudio.store.runs import list_run_events
from lorastudio.store.settings import get_setting, set_setting
from lorastudio.training.config import TrainConfig
from lorastudio.training.machine import machine_memory
from lorastudio.training.memory_plan import REMEMBERED, correction_of

# Measured peaks as shares of their estimates, by the base model's fingerprint, oldest first.
RATIOS_SETTING = "memory_ratios"


def memory_order(library: Library, *, settled: bool = False, anyway: bool = False) -> dict[str, Any]:
    """The "memory" of a worker's order: what this machine has, and what earlier runs taught.

    `settled` for a run that has begun: it keeps its pass size, and was let through once.
    """
    ratios: dict[str, list[float]] = get_setting(library, RATIOS_SETTING, {})
    corrections = {base: correction_of(measured) for base, measured in ratios.items()}
    wishes = {"settled": settled, "anyway": anyway or settled}
    return machine_memory().as_record() | {"corrections": corrections} | wishes


def learn_peak(library: Library, run_id: int) -> None:
    """Remember how the peak of a run compares with its estimate; a run without either teaches nothing."""
    plans = list_run_events(library, run_id, "plan")
    steps = list_run_events(library, run_id, "step")
    if not plans or not steps:
        return
    # The peak of a process only grows, so its last step has it; a run that went on has had other processes.
    ratio = steps[-1]["peak_memory_bytes"] / plans[-1]["estimate_bytes"]
    ratios: dict[str, list[float]] = get_setting(library, RATIOS_SETTING, {})
    base = plans[-1]["base_fingerprint"]
    ratios[base] = [*ratios.get(base, []), round(ratio, 4)][-REMEMBERED:]
    set_setting(library, RATIOS_SETTING, ratios)


def plan_training(
    library: Library, config: TrainConfig, base: str, source: Path | None, cancel: CancelToken
) -> MemoryPlanned:
    """What training would need, with nothing trained and nothing written into the library."""
    with TemporaryDirectory(prefix="lorastudio-plan-") as folder:
        _, fitting = freeze_rows(library, config, Path(folder), source)
        order = {
            "job": "plan",
            "base": str(resolve_base(base)),
            "data": folder,
            "checkpoints": folder,
            "output": folder,
            "config": fitting.as_record(),
            "memory": memory_order(library),
        }
        with Worker(library.home / "logs") as worker:
            plan = worker.result(order, cancel)
    return MemoryPlanned(0, {key: value for key, value in plan.items() if key != "type"})
