"""The short measurement that chooses, on a device, how a run computes; on the CPU nothing is measured."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlx.core as mx

from lorastudio.domain.cancel import CancelToken
from lorastudio.training.calibration import CalibrationFile, Choice, Setting, choose, measure
from lorastudio.training.config import Execution, TrainConfig
from lorastudio.training.pass_limits import TOKENS_PER_PASS
from lorastudio.worker.anatomy import Anatomy, anatomy_of
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.rows import TrainRow
from lorastudio.worker.step import Stepper

WAYS = (Execution.PACKED, Execution.PADDED, Execution.COMPILED)


def calibrated(
    config: TrainConfig, base: BaseModel, model: Any, rows: Sequence[TrainRow], file: Path, backend: str
) -> TrainConfig:
    """The config with a way to compute where it leaves the choice: the fastest on steps of these rows.

    Measured once per machine, base model and engine, and kept in `file`; one that can't be written is no harm. On
    the CPU, and where the settings choose themselves, the config as it is.
    """
    if config.execution is not Execution.AUTO or backend == "cpu":
        return config
    kept, setting = CalibrationFile(file), _setting(base, config)
    seconds = kept.find(setting)
    if seconds is None:
        candidates = _candidates(config, model, rows[: config.rows_per_step], file.parent)
        seconds = measure(candidates)
        for candidate in candidates.values():
            candidate.stepper.close()
        with suppress(OSError):
            kept.keep(setting, seconds)
    choice = choose(seconds, backend)
    return replace(config, execution=choice.way, tokens_per_pass=config.tokens_per_pass or choice.tokens_per_pass)


def _setting(base: BaseModel, config: TrainConfig) -> Setting:
    device = mx.device_info()
    machine = f"{device.get('device_name', 'unknown')}, {device.get('memory_size', 0)} bytes"
    engine = f"mlx {version('mlx')}, {config.objective.value}, {config.layers or 'all'} layers"
    return Setting(machine, base.fingerprint, engine)


@dataclass
class _Candidate:
    """One step over some rows; what is computed once for a run is so in the first call, which nobody times."""

    stepper: Stepper
    rows: Sequence[TrainRow]
    scratch: Path
    ready: bool = False

    def __call__(self) -> int:
        if not self.ready:
            self.stepper.prepare(self.scratch, CancelToken(), lambda done, of: None)
            self.ready = True
        result = self.stepper.gradients(self.rows, (), seed=0)
        mx.eval(result.loss, result.gradients)
        return result.tokens


def _candidates(config: TrainConfig, model: Any, rows: Sequence[TrainRow], scratch: Path) -> dict[Choice, _Candidate]:
    """A step over the rows in each way that the model can go, in two sizes of pass."""
    sizes = {TOKENS_PER_PASS, TOKENS_PER_PASS // 4} if config.tokens_per_pass is None else {config.tokens_per_pass}
    ways = [way for way in WAYS if way is not Execution.PACKED or isinstance(anatomy_of(model), Anatomy)]
    return {
        Choice(way, size): _Candidate(
            Stepper.on(model, replace(config, execution=way, tokens_per_pass=size), rows), rows, scratch
        )
        for way in ways
        for size in sorted(sizes)
    }
