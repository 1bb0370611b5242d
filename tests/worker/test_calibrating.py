"""The way to compute is measured on a device; here on the CPU under a device's name, with real steps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lorastudio.training.calibration import CalibrationFile
from lorastudio.training.config import Execution
from lorastudio.worker.adapters import choose_shape, with_fresh_adapter
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.calibrating import calibrated
from lorastudio.worker.step import Stepper
from tests.worker.conftest import make_rows
from tests.worker.runs import CONFIG
from tests.worker.test_step import distance, step


@pytest.fixture
def model(base: BaseModel) -> Any:
    return with_fresh_adapter(base, choose_shape(base, rank=4, scale=2.0, dropout=0.0, layers=None), seed=0)


def test_a_device_measures_once_and_remembers(
    base: BaseModel, model: Any, encode: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, file = encode(make_rows(6)), tmp_path / "calibration.json"
    config = calibrated(CONFIG, base, model, rows, file, "metal")
    assert config.execution is not Execution.AUTO and config.tokens_per_pass is not None
    assert replace(config, execution=Execution.AUTO, tokens_per_pass=None) == CONFIG
    monkeypatch.setattr(Stepper, "gradients", None)  # nothing may be computed again
    assert calibrated(CONFIG, base, model, rows, file, "metal") == config
    ways = {text.partition("@")[0] for text in next(iter(CalibrationFile(file)._read().values()))}
    assert ways == {"packed", "padded", "padded+compiled"}


def test_nothing_is_measured_on_the_cpu_or_where_the_settings_choose(
    base: BaseModel, model: Any, encode: Any, tmp_path: Path
) -> None:
    rows, file = encode(make_rows(2)), tmp_path / "calibration.json"
    assert calibrated(CONFIG, base, model, rows, file, "cpu") == CONFIG
    chosen = replace(CONFIG, execution=Execution.PADDED)
    assert calibrated(chosen, base, model, rows, file, "metal") == chosen
    assert not file.exists()


def test_a_compiled_step_is_the_same_step(model: Any, encode: Any, tmp_path: Path) -> None:
    rows = encode(make_rows(5))
    plain, compiled = (
        step(model, rows, replace(CONFIG, execution=way), tmp_path) for way in (Execution.PADDED, Execution.COMPILED)
    )
    assert float(plain.loss) == pytest.approx(float(compiled.loss), rel=1e-5)
    assert distance(compiled.gradients, plain.gradients) <= 1e-5
