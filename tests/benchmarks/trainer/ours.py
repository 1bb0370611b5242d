"""Our side of every comparison: the worker's own jobs, as a run of the program gives them."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.worker.adapters import choose_shape, with_fresh_adapter
from lorastudio.worker.base_model import BaseModel, load_base
from lorastudio.worker.evaluation import evaluate
from lorastudio.worker.rows import TrainRow
from lorastudio.worker.step import Stepper
from lorastudio.worker.train_job import run_train
from tests.benchmarks.trainer.flops import Tokens, run_flops
from tests.benchmarks.trainer.meter import Meter, sgemm_peak_flops
from tests.benchmarks.trainer.recipe import count_tokens, encoded_rows, recipe
from tests.benchmarks.trainer.shapes import SHAPES
from tests.benchmarks.trainer.task import RANK, Task, given_task


def measure(task: Task) -> None:
    base = load_base(Path(task.model))
    if task.method == "evaluation":
        _evaluate(base, task)
    else:
        _train(base, task)


def _train(base: BaseModel, task: Task) -> None:
    """From rows on disk to the adapter on disk: what comes before the first step counts."""
    config, output = recipe(task), Path(task.output)
    order = {
        "data": task.data,
        "config": config.as_record(),
        "checkpoints": str(output / "checkpoints"),
        "output": str(output / "version"),
    }
    rows = encoded_rows(base, task, config.objective)
    tokens = task.epochs * count_tokens(rows)
    meter = Meter()

    def report(message: dict[str, Any]) -> None:
        meter.sample()

    run_train(base, order, report, CancelToken())
    cost = meter.stop(tokens)
    if task.method == "sft":
        cost = replace(cost, flops=_flops(rows, task), sgemm_flops_per_s=sgemm_peak_flops())
    task.write(asdict(cost))


def _flops(rows: list[TrainRow], task: Task) -> int:
    sequences = [Tokens(len(row.good.prompt), len(row.good.answer)) for row in rows if row.good is not None]
    return run_flops(SHAPES[Path(task.model).name], sequences, task.layers, RANK, task.epochs)


def _evaluate(base: BaseModel, task: Task) -> None:
    """As an evaluation during a run is: the trunk's part included, which a run computes once for all of them."""
    config = recipe(task)
    shape = choose_shape(base, rank=RANK, scale=config.scale, dropout=0.0, layers=config.layers)
    model = with_fresh_adapter(base, shape, task.seed)
    model.eval()
    meter = Meter()
    rows = encoded_rows(base, task, config.objective)
    stepper = Stepper.on(model, config, [], watched=rows)
    stepper.prepare(Path(task.output), CancelToken(), lambda done, of: None)
    evaluate(stepper, rows, CancelToken())
    task.write(asdict(meter.stop(count_tokens(rows))))
    stepper.close()


if __name__ == "__main__":
    measure(given_task())
