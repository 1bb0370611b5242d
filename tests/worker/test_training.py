from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled, TrainingError
from lorastudio.training.config import Objective, TrainConfig
from lorastudio.worker.adapters import adapter_weights, choose_shape, with_fresh_adapter
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.batches import Padded, pad
from lorastudio.worker.checkpoint import load_newest
from lorastudio.worker.conversations import ChatCodec
from lorastudio.worker.evaluation import development_loss, evaluate_heldout
from lorastudio.worker.log_probs import score_answers, token_log_probs
from lorastudio.worker.replay import NO_REPLAY, Replay
from lorastudio.worker.rows import TrainRow, read_rows
from lorastudio.worker.step_batch import make_batch, objective_loss, reference_of
from lorastudio.worker.tensor_file import tensor_bytes
from lorastudio.worker.training import Trainer, TrainingSet
from tests.worker.conftest import make_rows

CONFIG = TrainConfig(rank=4, learning_rate=1e-2, epochs=2, checkpoint_every_steps=3, evaluate_every_steps=4)
WriteData = Callable[..., Path]


@pytest.fixture
def encode(write_data: WriteData, codec: ChatCodec) -> Callable[..., list[TrainRow]]:
    numbers = itertools.count()

    def rows(records: list[dict[str, Any]], objective: Objective = Objective.DPO_NLL) -> list[TrainRow]:
        folder = write_data(records, name=f"rows-{next(numbers)}")
        used, left_out = read_rows(folder / "train.jsonl", codec, objective, 90)
        assert not left_out
        return used

    return rows


class Run:
    """A trainer over given rows with everything it reported."""

    def __init__(
        self,
        base: BaseModel,
        folder: Path,
        config: TrainConfig,
        rows: list[TrainRow],
        development: list[TrainRow] | None = None,
    ) -> None:
        self.messages: list[dict[str, Any]] = []
        self.cancel = CancelToken()
        self.cancel_after = -1
        watched = [*rows, *(development or [])]
        references = reference_of(base.model, watched, self.cancel, lambda done: None)
        replay = Replay(tuple(row.good for row in rows[:3]), config.replay_per_step)
        data = TrainingSet(rows, development or [], references, replay if config.replay_per_step else NO_REPLAY)
        shape = choose_shape(base, rank=config.rank, scale=config.scale, dropout=config.dropout, layers=config.layers)
        model = with_fresh_adapter(base, shape, config.seed)
        self.trainer = Trainer(model, config, data, folder, "identity", self._report, self.cancel)

    def _report(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        if message["type"] == "step" and message["step"] == self.cancel_after:
            self.cancel.cancel()

    def train(self) -> bytes:
        self.trainer.train()
        self.trainer.keep_best()
        return self.adapter()

    def adapter(self) -> bytes:
        return tensor_bytes(adapter_weights(self.trainer.model))

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]


def rounds(base: BaseModel, tmp_path: Path, *arguments: Any) -> Iterator[Run]:
    for number in itertools.count():
        yield Run(base, tmp_path / f"checkpoints-{number}", *arguments)


def test_the_same_seed_gives_the_same_bytes(base: BaseModel, tmp_path: Path, encode: Any) -> None:
    runs = rounds(base, tmp_path, CONFIG, encode(make_rows(10)))
    assert next(runs).train() == next(runs).train()
    other = Run(base, tmp_path / "other", replace(CONFIG, seed=1), encode(make_rows(10)))
    assert other.train() != next(runs).train()


@pytest.mark.parametrize("stop_at", [1, 5, 7])
def test_a_resumed_run_is_bit_identical(base: BaseModel, tmp_path: Path, encode: Any, stop_at: int) -> None:
    config = replace(CONFIG, dropout=0.2, replay_per_step=2, epochs=3)
    rows, development = encode(make_rows(14)), encode(make_rows(3, first_id=50, seed=5))
    whole = Run(base, tmp_path / "whole", config, rows, development)
    expected = whole.train()

    broken = Run(base, tmp_path / "broken", config, rows, development)
    broken.cancel_after = stop_at
    with pytest.raises(Cancelled):
        broken.train()
    assert broken.of_type("step")[-1]["step"] == stop_at  # cancelled within one step

    resumed = Run(base, tmp_path / "broken", config, rows, development)
    checkpoint = load_newest(tmp_path / "broken", "identity")
    assert checkpoint is not None and checkpoint.step == stop_at
    resumed.trainer.resume(checkpoint)
    assert resumed.train() == expected
    assert resumed.trainer.progress.best_step == whole.trainer.progress.best_step
    losses = [step["loss"] for step in broken.of_type("step") + resumed.of_type("step")]
    assert losses == [step["loss"] for step in whole.of_type("step")]


def test_training_learns_to_prefer(base: BaseModel, tmp_path: Path, encode: Any) -> None:
    rows = encode(make_rows(24))
    heldout = encode(make_rows(12, first_id=90, seed=8))
    run = Run(base, tmp_path / "checkpoints", replace(CONFIG, epochs=4), rows)
    references = reference_of(base.model, heldout, CancelToken(), lambda done: None)
    before = evaluate_heldout(run.trainer.model, heldout, references)
    assert before.reference_accuracy == 0.5  # all ties: a fresh adapter is the reference
    run.train()
    after = evaluate_heldout(run.trainer.model, heldout, references)
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


def test_good_only_rows_count_through_the_nll_alone(base: BaseModel, encode: Any) -> None:
    rows = encode([*make_rows(3), *make_rows(2, first_id=10, seed=4, bad=False)])
    references = reference_of(base.model, rows, CancelToken(), lambda done: None)
    assert set(references) == {1, 2, 3}
    loss, accuracy = objective_loss(base.model, make_batch(rows, references), CONFIG)
    scores = score_answers(base.model, [row.good for row in rows])
    expected = math.log(2) - sum(score.total for score in scores) / sum(len(score.log_probs) for score in scores)
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    assert accuracy is not None and accuracy.item() == 0.5
    loss, accuracy = objective_loss(base.model, make_batch(rows[3:], references), CONFIG)
    assert accuracy is None and math.isfinite(loss.item())


def test_padding_is_never_trained(base: BaseModel, encode: Any) -> None:
    rows = encode(make_rows(4))
    narrow = pad([row.good for row in rows])

    def widen(array: mx.array, filler: int) -> mx.array:
        return mx.concatenate([array, mx.full((array.shape[0], 24), filler, array.dtype)], axis=1)

    wide = Padded(widen(narrow.inputs, 9), widen(narrow.targets, 9), widen(narrow.weights, 0), narrow.tokens)
    one, other = token_log_probs(base.model, narrow), token_log_probs(base.model, wide)
    np.testing.assert_allclose(np.array(other)[:, : one.shape[1]], np.array(one), atol=1e-5)
    assert not np.array(other)[:, one.shape[1] :].any()


def test_scores_do_not_depend_on_the_company(base: BaseModel, encode: Any) -> None:
    answers = [row.good for row in encode(make_rows(40))]
    together = score_answers(base.model, answers)
    for answer, score in zip(answers[:5], together, strict=False):
        assert score_answers(base.model, [answer])[0].total == pytest.approx(score.total, abs=1e-4)


def test_the_best_adapter_on_the_development_set_is_kept(base: BaseModel, tmp_path: Path, encode: Any) -> None:
    config = replace(CONFIG, objective=Objective.SFT, learning_rate=0.3, evaluate_every_steps=1)
    rows, development = encode(make_rows(8), Objective.SFT), encode(make_rows(4, first_id=50, seed=5), Objective.SFT)
    run = Run(base, tmp_path / "checkpoints", config, rows, development)
    run.train()
    losses = {message["step"]: message["loss"] for message in run.of_type("eval")}
    best = run.trainer.progress.best_step
    assert best == min(losses, key=lambda step: losses[step])
    kept, _ = development_loss(run.trainer.model, development, {}, config)
    assert kept == losses[best]


def test_without_a_development_set_the_last_adapter_is_kept(base: BaseModel, tmp_path: Path, encode: Any) -> None:
    run = Run(base, tmp_path / "checkpoints", CONFIG, encode(make_rows(4)))
    run.trainer.train()
    last = run.adapter()
    run.trainer.keep_best()
    assert run.adapter() == last
    assert run.trainer.progress.best_step is None


def test_a_step_that_is_not_finite_is_skipped_and_three_stop_the_run(
    base: BaseModel, tmp_path: Path, encode: Any
) -> None:
    rows = encode(make_rows(16))
    run = Run(base, tmp_path / "checkpoints", CONFIG, rows)
    poisoned = dict(run.trainer.data.references)
    for row in rows[4:]:
        poisoned[row.row_id] = replace(poisoned[row.row_id], good=tuple(float("nan") for _ in row.good.answer))
    run.trainer.data = replace(run.trainer.data, references=poisoned)
    before = run.adapter()
    with pytest.raises(TrainingError, match="3 steps in a row"):
        run.trainer.train()
    assert len(run.of_type("warning")) == run.trainer.progress.skipped >= 3
    assert np.isfinite(np.array(next(iter(adapter_weights(run.trainer.model).values())))).all()
    if len(run.of_type("step")) == 2:
        assert run.adapter() == before


def test_two_checkpoints_are_kept_and_a_damaged_one_is_passed_over(
    base: BaseModel, tmp_path: Path, encode: Any
) -> None:
    folder = tmp_path / "checkpoints"
    Run(base, folder, replace(CONFIG, epochs=5), encode(make_rows(8))).train()
    assert sorted(path.name for path in folder.iterdir()) == ["step-00000006", "step-00000009"]
    assert not list(folder.rglob("adapters.safetensors"))
    (folder / "step-00000009" / "optimizer.safetensors").write_bytes(b"half")
    checkpoint = load_newest(folder, "identity")
    assert checkpoint is not None and checkpoint.step == 6


def test_the_checkpoint_of_another_run_is_refused(base: BaseModel, tmp_path: Path, encode: Any) -> None:
    Run(base, tmp_path / "checkpoints", CONFIG, encode(make_rows(16))).train()
    with pytest.raises(TrainingError, match="other data"):
        load_newest(tmp_path / "checkpoints", "another identity")
