"""The peer for preferences: mlx-lm-lora's own DPO and ORPO trainers, in the environment that `peers` locks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim
import numpy as np
from mlx_lm import load
from mlx_lm.tuner.utils import linear_to_lora_layers
from mlx_lm_lora.trainer import dpo_trainer, orpo_trainer
from mlx_lm_lora.trainer.datasets import CacheDataset, DPODataset

from tests.benchmarks.trainer.data import read_texts
from tests.benchmarks.trainer.meter import Meter, on_cpu
from tests.benchmarks.trainer.task import LEARNING_RATE, MAX_TOKENS, RANK, Task, given_task

Batches = Callable[..., Iterator[tuple[mx.array, ...]]]


def measure(task: Task) -> None:
    np.random.seed(task.seed)
    mx.random.seed(task.seed)
    if on_cpu():
        _let_it_run_on_a_cpu()
    model, tokenizer, *_ = load(task.model)
    model.freeze()
    linear_to_lora_layers(model, task.layers, {"rank": RANK, "dropout": 0.0, "scale": task.scale})
    reference = _reference(task) if task.method == "dpo" else None
    mx.eval(model.parameters())
    meter = Meter()
    tokens = _train(model, reference, tokenizer, task)
    task.write(asdict(meter.stop(tokens)))


def _reference(task: Task) -> Any:
    """A second whole model, as its command line loads it."""
    reference, *_ = load(task.model)
    reference.freeze()
    mx.eval(reference.parameters())
    return reference


def _train(model: Any, reference: Any, tokenizer: Any, task: Task) -> int:
    """Train on the pairs; returns the real tokens that were seen."""
    records = [{"prompt": prompt, "chosen": good, "rejected": bad} for prompt, good, bad in read_texts(Path(task.data))]
    rows = CacheDataset(DPODataset(records, tokenizer))
    optimizer = optim.Adam(LEARNING_RATE)
    settings = {
        "batch_size": task.batch_size,
        "iters": task.epochs * (len(records) // task.batch_size),
        "max_seq_length": MAX_TOKENS,
        "adapter_file": str(Path(task.output) / "adapters.safetensors"),
    }
    if task.method == "dpo":
        counted = dpo_trainer.iterate_dpo_batches = CountedBatches(dpo_trainer.iterate_dpo_batches)
        arguments = dpo_trainer.DPOTrainingArgs(**settings)
        dpo_trainer.train_dpo(model, reference, optimizer, rows, None, arguments)
    else:
        counted = orpo_trainer.iterate_orpo_batches = CountedBatches(orpo_trainer.iterate_orpo_batches)
        arguments = orpo_trainer.ORPOTrainingArgs(**settings)
        orpo_trainer.train_orpo(model, optimizer, rows, None, args=arguments)
    return counted.tokens


class CountedBatches:
    """The peer's own batches, their real tokens counted; id 0 is the padding and stands in no text."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches
        self.tokens = 0

    def __call__(self, *rows: Any, **settings: Any) -> Iterator[tuple[mx.array, ...]]:
        for batch in self._batches(*rows, **settings):
            chosen, rejected, *_ = batch
            self.tokens += int(np.count_nonzero(chosen) + np.count_nonzero(rejected))
            yield batch


def _let_it_run_on_a_cpu() -> None:
    """It asks the device for a limit on wired memory, which a CPU doesn't have."""
    facts = mx.device_info
    mx.device_info = lambda *device: {"max_recommended_working_set_size": 0, **facts(*device)}
    mx.set_wired_limit = lambda limit: 0


if __name__ == "__main__":
    measure(given_task())
