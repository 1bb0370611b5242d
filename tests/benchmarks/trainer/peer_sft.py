"""The peer for plain fine-tuning: mlx_lm's own trainer and evaluation, called as `mlx_lm.lora` calls them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim
import numpy as np
from mlx_lm import load
from mlx_lm.tuner import datasets, trainer
from mlx_lm.tuner.utils import linear_to_lora_layers

from tests.benchmarks.trainer.data import read_texts
from tests.benchmarks.trainer.meter import Meter
from tests.benchmarks.trainer.task import LEARNING_RATE, MAX_TOKENS, RANK, Task, given_task


class SortedByLength(datasets.CacheDataset):
    """The peer's rows with the length that it means to sort by: as shipped, it is the number of a record's fields."""

    def itemlen(self, index: int) -> int:
        return len(self[index][0])


def measure(task: Task) -> None:
    np.random.seed(task.seed)
    mx.random.seed(task.seed)
    model, tokenizer, *_ = load(task.model)
    model.freeze()
    linear_to_lora_layers(model, task.layers, {"rank": RANK, "dropout": 0.0, "scale": task.scale})
    mx.eval(model.parameters())
    counted = CountedBatches()
    meter = Meter()
    rows = _rows(task, tokenizer)
    if task.method == "evaluation":
        trainer.evaluate(model, rows, task.batch_size, -1, MAX_TOKENS, iterate_batches=counted)
    else:
        _train(model, rows, task, counted)
    task.write(asdict(meter.stop(counted.tokens)))


def _rows(task: Task, tokenizer: Any) -> datasets.CacheDataset:
    records = [{"prompt": prompt, "completion": good} for prompt, good, _ in read_texts(Path(task.data))]
    encoded = datasets.create_dataset(records, tokenizer, SimpleNamespace(mask_prompt=True))
    return SortedByLength(encoded) if task.by_length else datasets.CacheDataset(encoded)


def _train(model: Any, rows: datasets.CacheDataset, task: Task, counted: CountedBatches) -> None:
    counted.limit = task.epochs * (len(rows) // task.batch_size)
    arguments = trainer.TrainingArgs(
        batch_size=task.batch_size,
        iters=counted.limit,
        max_seq_length=MAX_TOKENS,
        adapter_file=str(Path(task.output) / "adapters.safetensors"),
    )
    trainer.train(model, optim.Adam(LEARNING_RATE), rows, None, arguments, iterate_batches=counted)


class CountedBatches:
    """The peer's own batches, their real tokens counted; one that is drawn but not used doesn't count."""

    def __init__(self) -> None:
        self.tokens = 0
        self.limit: int | None = None

    def __call__(self, **settings: Any) -> Iterator[tuple[mx.array, mx.array]]:
        for number, (batch, spans) in enumerate(trainer.iterate_batches(**settings)):
            if self.limit is None or number < self.limit:
                self.tokens += int(np.array(spans)[:, 1].sum())
            yield batch, spans


if __name__ == "__main__":
    measure(given_task())
