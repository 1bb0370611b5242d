"""What the loop does about steps that go wrong and about runs that get no better."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import TrainingError
from lorastudio.training.config import BestBy, Objective
from lorastudio.training.protocol import Ending
from lorastudio.worker.adapters import put_weights
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.conversations import ChatCodec
from lorastudio.worker.development_samples import Sampler, choose_sampler
from lorastudio.worker.evaluation import evaluate
from tests.worker.conftest import make_rows
from tests.worker.runs import CONFIG, Message, Run


def poison(run: Run) -> None:
    """From here on nothing that the adapter computes is finite."""
    put_weights(run.trainer.model, {name: array * mx.nan for name, array in run.weights().items()}, where="a test")


def test_a_step_that_is_not_finite_is_skipped_and_told(base: BaseModel, tmp_path: Path, encode: Any) -> None:
    run = Run(base, tmp_path / "checkpoints", CONFIG, encode(make_rows(16)))
    healthy: dict[str, mx.array] = {}

    def act(message: Message) -> None:
        if message["type"] == "step" and message["step"] == 2:
            healthy.update(run.weights())
            poison(run)
        if message["type"] == "warning":
            put_weights(run.trainer.model, healthy, where="a test")

    run.on_message = act
    run.trainer.train()
    steps = {step["step"]: step for step in run.of_type("step")}
    assert steps[3]["loss"] is None and steps[3]["gradient_norm"] is None
    assert all(step["loss"] is not None for number, step in steps.items() if number != 3)
    (warning,) = run.of_type("warning")
    assert warning["message"].startswith("Step 3 (rows ") and "skipped" in warning["message"]
    assert (run.trainer.progress.skipped, run.trainer.progress.skipped_in_a_row) == (1, 0)
    assert all(mx.isfinite(array).all() for array in run.weights().values())


def test_three_steps_in_a_row_stop_the_run_with_advice(base: BaseModel, tmp_path: Path, encode: Any) -> None:
    run = Run(base, tmp_path / "checkpoints", CONFIG, encode(make_rows(24)))
    run.at_step(4, lambda: poison(run))
    with pytest.raises(TrainingError, match="step 7: 3 steps in a row") as failure:
        run.trainer.train()
    assert "lower learning rate, such as 0.002 instead of 0.01" in failure.value.hint
    assert len(run.of_type("warning")) == 3 and not failure.value.resumable


def test_the_run_ends_early_when_it_gets_no_better(base: BaseModel, tmp_path: Path, encode: Any) -> None:
    """At this learning rate every evaluation but the first ones is worse than the one before."""
    config = replace(
        CONFIG, objective=Objective.SFT, learning_rate=0.5, epochs=20, early_stop=3, evaluate_every_steps=1
    )
    rows, development = encode(make_rows(8), Objective.SFT), encode(make_rows(4, first_id=50, seed=5), Objective.SFT)
    run = Run(base, tmp_path / "checkpoints", config, rows, development)
    run.train()
    losses = [found["loss"] for found in run.of_type("eval")]
    best = losses.index(min(losses)) + 1
    assert run.trainer.progress.ended is Ending.EARLY
    assert (run.trainer.progress.best_step, len(losses)) == (best, best + 3)
    assert len(losses) < run.trainer.steps
    kept = evaluate(run.stepper, development, run.cancel).objective
    assert kept == losses[best - 1]


def test_patience_survives_a_kill(base: BaseModel, tmp_path: Path, encode: Any) -> None:
    config = replace(
        CONFIG, objective=Objective.SFT, learning_rate=0.5, epochs=20, early_stop=3, evaluate_every_steps=1,
        checkpoint_every_steps=1,
    )  # fmt: skip
    rows, development = encode(make_rows(8), Objective.SFT), encode(make_rows(4, first_id=50, seed=5), Objective.SFT)
    whole = Run(base, tmp_path / "whole", config, rows, development)
    expected = whole.train()

    def die() -> None:
        raise InterruptedError

    for step in itertools.count(1):
        run = Run(base, tmp_path / "killed", config, rows, development)
        if step > 2:  # the checkpoint of a step is written right before the next one
            run.resume()
        run.at_step(step, die)
        try:
            assert run.train() == expected
            break
        except InterruptedError:
            continue
    assert run.trainer.progress == replace(whole.trainer.progress, elapsed_s=run.trainer.progress.elapsed_s)


@pytest.fixture
def sampler(base: BaseModel, codec: ChatCodec, write_data: Any) -> Sampler:
    folder = write_data([], make_rows(6, first_id=50, seed=5), name="sampled")
    return choose_sampler(base, codec, folder / "development.jsonl", range(50, 56), 4)


def test_the_best_by_sampled_quality_is_kept(base: BaseModel, tmp_path: Path, encode: Any, sampler: Sampler) -> None:
    config = replace(CONFIG, objective=Objective.SFT, epochs=6, evaluate_every_steps=2, best_by=BestBy.QUALITY)
    rows, development = encode(make_rows(16), Objective.SFT), encode(make_rows(6, first_id=50, seed=5), Objective.SFT)
    run = Run(base, tmp_path / "checkpoints", config, rows, development, sampler)
    run.train()
    qualities = {found["step"]: found["quality"] for found in run.of_type("eval")}
    assert len(set(qualities.values())) > 1
    best = max(qualities, key=lambda step: qualities[step])
    assert run.trainer.progress.best_step == best
    samples = sampler.samples(run.trainer.model, CancelToken())
    assert sum(sample.quality for sample in samples) / 4 == qualities[best]
    assert [sample.id for sample in samples] == [50, 51, 53, 54]


def test_samples_are_the_same_whenever_they_are_asked_for(base: BaseModel, sampler: Sampler) -> None:
    once = sampler.samples(base.model, CancelToken())
    mx.random.seed(99)
    assert sampler.samples(base.model, CancelToken()) == once
