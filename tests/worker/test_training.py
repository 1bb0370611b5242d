from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lorastudio.training.config import Objective
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.evaluation import evaluate
from tests.worker.conftest import make_rows
from tests.worker.runs import CONFIG, Run


def rounds(base: BaseModel, tmp_path: Path, *arguments: Any) -> Iterator[Run]:
    for number in itertools.count():
        yield Run(base, tmp_path / f"checkpoints-{number}", *arguments)


def test_the_same_seed_gives_the_same_bytes(base: BaseModel, tmp_path: Path, encode: Any) -> None:
    runs = rounds(base, tmp_path, CONFIG, encode(make_rows(10)))
    assert next(runs).train() == next(runs).train()
    other = Run(base, tmp_path / "other", replace(CONFIG, seed=1), encode(make_rows(10)))
    assert other.train() != next(runs).train()


def test_training_learns_to_prefer(base: BaseModel, tmp_path: Path, encode: Any) -> None:
    rows = encode(make_rows(24))
    heldout = encode(make_rows(12, first_id=90, seed=8))
    run = Run(base, tmp_path / "checkpoints", replace(CONFIG, epochs=4), rows, heldout)
    before = evaluate(run.stepper, heldout, run.cancel)
    assert before.reference_accuracy == 0.5  # all ties: a fresh adapter is the reference
    run.train()
    run.trainer.keep_best()
    after = evaluate(run.stepper, heldout, run.cancel)
    assert after.validation_accuracy is not None and after.validation_accuracy > 0.9
    assert after.reference_accuracy is not None and after.reference_accuracy > 0.8
    assert after.loss is not None and before.loss is not None and after.loss < before.loss


@pytest.mark.parametrize("objective", list(Objective))
def test_every_objective_lowers_its_loss(base: BaseModel, tmp_path: Path, encode: Any, objective: Objective) -> None:
    config = replace(CONFIG, objective=objective, epochs=6)
    run = Run(base, tmp_path / "checkpoints", config, encode(make_rows(8), objective))
    run.train()
    losses = [step["loss"] for step in run.of_type("step")]
    assert np.mean(losses[-2:]) < np.mean(losses[:2])
    assert all((step["accuracy"] is None) == (objective is Objective.SFT) for step in run.of_type("step"))


def test_the_best_adapter_on_the_development_set_is_kept(base: BaseModel, tmp_path: Path, encode: Any) -> None:
    config = replace(CONFIG, objective=Objective.SFT, learning_rate=0.3, evaluate_every_steps=1)
    rows, development = encode(make_rows(8), Objective.SFT), encode(make_rows(4, first_id=50, seed=5), Objective.SFT)
    run = Run(base, tmp_path / "checkpoints", config, rows, development)
    run.train()
    losses = {message["step"]: message["loss"] for message in run.of_type("eval")}
    best = run.trainer.progress.best_step
    assert best == min(losses, key=lambda step: losses[step])
    assert evaluate(run.stepper, development, run.cancel).objective == losses[best]


def test_without_a_development_set_the_last_adapter_is_kept(base: BaseModel, tmp_path: Path, encode: Any) -> None:
    run = Run(base, tmp_path / "checkpoints", CONFIG, encode(make_rows(4)))
    run.trainer.train()
    last = run.adapter()
    run.trainer.keep_best()
    assert run.adapter() == last
    assert run.trainer.progress.best_step is None


@pytest.mark.parametrize(("rows", "batch", "accumulation"), [(10, 4, 1), (11, 2, 3), (3, 8, 2), (1, 1, 1)])
def test_every_epoch_holds_each_row_once(
    base: BaseModel, tmp_path: Path, encode: Any, rows: int, batch: int, accumulation: int
) -> None:
    """Whole epochs without replacement, partial batches too, and fewer rows than a batch works."""
    config = replace(CONFIG, batch_size=batch, accumulation=accumulation, epochs=2)
    trainer = Run(base, tmp_path / "checkpoints", config, encode(make_rows(rows))).trainer
    steps_per_epoch = -(-rows // (batch * accumulation))
    assert trainer.steps == 2 * steps_per_epoch
    taken = [[row.row_id for row in trainer._rows_of(step)] for step in range(1, trainer.steps + 1)]
    for epoch in (taken[:steps_per_epoch], taken[steps_per_epoch:]):
        assert sorted(itertools.chain(*epoch)) == list(range(1, rows + 1))


def test_accumulated_passes_weigh_by_their_tokens(base: BaseModel, tmp_path: Path, encode: Any) -> None:
    """A step of four passes, or of one pass a row, learns what a step of one large pass learns."""
    rows = encode(make_rows(8), Objective.SFT)
    adapters = []
    for batch, accumulation, lean in ((8, 1, False), (2, 4, False), (2, 4, True)):
        config = replace(CONFIG, objective=Objective.SFT, batch_size=batch, accumulation=accumulation, lean=lean)
        run = Run(base, tmp_path / f"{batch}-{lean}", config, rows)
        run.train()
        adapters.append(np.concatenate([np.array(array).ravel() for array in run.weights().values()]))
    for adapter in adapters[1:]:
        assert np.linalg.norm(adapter - adapters[0]) <= 1e-5 * np.linalg.norm(adapters[0])


def test_evaluating_disturbs_nothing(base: BaseModel, tmp_path: Path, encode: Any) -> None:
    """Neither the order of the rows nor dropout's random state; and one development row is enough."""
    rows, development = encode(make_rows(10)), encode(make_rows(1, first_id=50, seed=5))
    config = replace(CONFIG, dropout=0.3, evaluate_every_steps=1)
    watched = Run(base, tmp_path / "watched", config, rows, development)
    watched.trainer.train()
    alone = Run(base, tmp_path / "alone", config, rows)
    alone.trainer.train()
    assert len(watched.of_type("eval")) == len(watched.of_type("step")) == 6
    assert watched.adapter() == alone.adapter()


def test_what_every_step_and_every_evaluation_tells(base: BaseModel, tmp_path: Path, encode: Any) -> None:
    rows, development = encode(make_rows(8)), encode(make_rows(4, first_id=50, seed=5))
    run = Run(base, tmp_path / "checkpoints", CONFIG, rows, development)
    run.train()
    steps, evals = run.of_type("step"), run.of_type("eval")
    assert [step["step"] for step in steps] == [1, 2, 3, 4]
    for step in steps:
        assert step["steps"] == 4 and step["epoch"] == (step["step"] + 1) // 2
        for name in ("loss", "gradient_norm", "tokens_per_s", "peak_memory_bytes", "memory_bytes", "learning_rate"):
            assert step[name] > 0
        assert 0 <= step["accuracy"] <= 1 and math.isfinite(step["margin"])
        assert step["peak_memory_bytes"] >= step["memory_bytes"]
    assert sum(step["tokens"] for step in steps) == run.trainer.progress.tokens
    for found in evals:
        assert found["loss"] > 0 and 0 <= found["token_accuracy"] <= 1
        assert 0 <= found["accuracy"] <= 1 and 0 <= found["reference_accuracy"] <= 1
        assert (found["quality"], found["samples"]) == (None, [])  # nobody asked for samples
