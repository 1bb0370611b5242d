"""Whole runs on several processes of this machine, which meet over loopback as those of several machines do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled, TrainingError
from lorastudio.processes.gang import WorkerGang, start_workers
from lorastudio.processes.jobs import Worker
from lorastudio.training.config import TrainConfig
from lorastudio.training.hosts import Host, HostList
from lorastudio.training.protocol import ADAPTER_PARTIAL
from tests.worker.conftest import make_rows

HERE = Host("127.0.0.1", ("127.0.0.1",))
TWO = HostList((HERE, HERE))
# 17 rows in steps of 8: the last step of each epoch has one row for two processes.
CONFIG = TrainConfig(
    rank=4, learning_rate=1e-2, epochs=7, batch_size=4, accumulation=2, checkpoint_every_steps=4,
    evaluate_every_steps=7, replay_per_step=2, replay_prompts=("b1", "c2 c3", "d4"),
)  # fmt: skip
STEPS = 21
WriteData = Callable[..., Path]


@pytest.fixture
def data(write_data: WriteData) -> Path:
    return write_data(make_rows(17), make_rows(3, first_id=50, seed=5), make_rows(3, first_id=70, seed=6))


def order(base: Path, data: Path, folder: Path, **changes: Any) -> dict[str, Any]:
    return {
        "job": "train",
        "base": str(base),
        "data": str(data),
        "config": CONFIG.as_record(),
        "checkpoints": str(folder / "checkpoints"),
        "output": str(folder / "output"),
        "resume": False,
        "golden_prompts": ["b1 c1"],
    } | changes


def adapter_of(folder: Path) -> np.ndarray:
    tensors = load_file(str(folder / "output" / ADAPTER_PARTIAL))
    return np.concatenate([tensors[name].ravel() for name in sorted(tensors)])


def steps_of(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    steps = [message for message in messages if message["type"] == "step"]
    return [step for newest in steps for step in (*newest.get("earlier", ()), newest)]


def run(workers: Worker | WorkerGang, job: dict[str, Any]) -> list[dict[str, Any]]:
    with workers:
        return list(workers.run(job, CancelToken()))


def test_two_processes_train_the_adapter_of_one(tiny_path: Path, data: Path, tmp_path: Path) -> None:
    alone = run(start_workers(None), order(tiny_path, data, tmp_path / "alone"))
    both = run(start_workers(TWO), order(tiny_path, data, tmp_path / "both"))
    assert both[-1]["type"] == alone[-1]["type"] == "done"
    assert both[-1]["steps"] == STEPS and both[-1]["best_step"] == alone[-1]["best_step"]
    assert {message["type"] for message in both} == {message["type"] for message in alone}
    for theirs, ours in zip(steps_of(both), steps_of(alone), strict=True):
        assert (theirs["step"], theirs["tokens"]) == (ours["step"], ours["tokens"])
        assert theirs["loss"] == pytest.approx(ours["loss"], rel=1e-4)
    expected = adapter_of(tmp_path / "alone")
    assert np.linalg.norm(adapter_of(tmp_path / "both") - expected) <= 1e-3 * np.linalg.norm(expected)
