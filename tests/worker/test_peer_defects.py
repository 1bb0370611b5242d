"""One test for each defect that was found in the other trainers: we must have none of them.

"Every rank trains the same rows" is in `test_gang.py`, where there are ranks.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from mlx.nn.losses import cross_entropy
from mlx.nn.utils import value_and_grad
from mlx.utils import tree_flatten

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled
from lorastudio.domain.messages import user
from lorastudio.training.config import Execution, Objective, Schedule, TrainConfig
from lorastudio.training.protocol import ADAPTER_PARTIAL
from lorastudio.worker.adapters import choose_shape, with_fresh_adapter
from lorastudio.worker.answer_sums import AnswerSums, RowAnswers, StepTotals
from lorastudio.worker.base_model import BaseModel, load_base
from lorastudio.worker.batches import epoch_batches
from lorastudio.worker.conversations import ChatCodec
from lorastudio.worker.objective_loss import objective_loss
from lorastudio.worker.rows import TrainRow
from lorastudio.worker.step import Stepper, StepResult
from lorastudio.worker.train_job import run_train
from tests.worker.conftest import Rows, make_rows
from tests.worker.tiny_model import SPECIAL, write_tiny_model
from tests.worker.train_orders import steps_in, train_order

CONFIG = TrainConfig(objective=Objective.SFT, rank=4, learning_rate=1e-2, epochs=1, evaluate_every_steps=100, samples=0)
DPO = replace(CONFIG, objective=Objective.DPO)
Message = dict[str, Any]
WriteData = Callable[..., Path]
Encode = Callable[..., list[TrainRow]]


class Job:
    """A training job in this process, with everything that it said."""

    def __init__(self, base: BaseModel, data: Path, folder: Path, config: TrainConfig) -> None:
        self.cancel = CancelToken()
        self.messages: list[Message] = []
        self.cancel_at = 0  # the step whose checkpoint is the last
        self.active_bytes: list[int] = []
        self._base = base
        self._order = train_order(base.path, data, folder, config, golden_prompts=[])

    def run(self, *, resume: bool = False) -> Message:
        return run_train(self._base, self._order | {"resume": resume}, self._hear, self.cancel)

    @property
    def steps(self) -> list[Message]:
        return [step for message in self.messages for step in steps_in(message)]

    def of_type(self, kind: str) -> list[Message]:
        return [message for message in self.messages if message["type"] == kind]

    @property
    def adapter(self) -> dict[str, mx.array]:
        return dict(mx.load(str(self._order["output"] / ADAPTER_PARTIAL), format="safetensors"))

    def _hear(self, message: Message) -> None:
        self.messages.append(message)
        if message["type"] == "step":
            self.active_bytes.append(mx.get_active_memory())
        if message["type"] == "saved" and message["step"] == self.cancel_at:  # steps may be told later
            self.cancel.cancel()


@pytest.fixture
def start(base: BaseModel, write_data: WriteData, tmp_path: Path) -> Callable[..., Job]:
    """Makes jobs over rows; each has folders of its own."""
    jobs: list[Job] = []

    def make(config: TrainConfig, train: Rows, development: Rows = (), heldout: Rows = (), on: Any = base) -> Job:
        name = f"job-{len(jobs)}"
        jobs.append(Job(on, write_data(train, development, heldout, name=name), tmp_path / f"{name}-run", config))
        return jobs[-1]

    return make


def trained_model(base: BaseModel, config: TrainConfig) -> Any:
    """A model whose adapter has learned something."""
    shape = choose_shape(base, rank=config.rank, scale=config.scale, dropout=0.0, layers=None)
    model = with_fresh_adapter(base, shape, config.seed)
    for number, (name, array) in enumerate(tree_flatten(model.trainable_parameters())):
        if name.endswith("lora_b"):
            model.load_weights([(name, 0.2 * mx.random.normal(array.shape, key=mx.random.key(number)))], strict=False)
    return model


def whole_step(base: BaseModel, config: TrainConfig, rows: list[TrainRow], folder: Path) -> StepResult:
    """The gradients of one step over all rows."""
    stepper = Stepper.on(trained_model(base, config), config, rows)
    stepper.prepare(folder, CancelToken(), lambda done, of: None)
    return stepper.gradients(rows, (), seed=0)


def plain_gradients(base: BaseModel, rows: list[TrainRow]) -> Any:
    """The gradients of SFT by its formula, row after row, with no token but the rows' own anywhere."""

    def loss(model: Any) -> mx.array:
        answers = [row.good for row in rows if row.good]
        total = mx.array(0.0)
        for answer in answers:
            logits = model(mx.array([answer.ids[:-1]]))[0, len(answer.prompt) - 1 :]
            total += cross_entropy(logits, mx.array(answer.answer), reduction="sum")
        return total / sum(len(answer.answer) for answer in answers)

    model = trained_model(base, CONFIG)
    return value_and_grad(model, loss)(model)[1]


def distance(one: Any, other: Any) -> float:
    """Relative L2 distance of two trees of gradients."""
    first, second = dict(tree_flatten(one)), dict(tree_flatten(other))
    assert first.keys() == second.keys()
    apart = sum(float(mx.square(first[name] - second[name]).sum()) for name in first)
    return math.sqrt(apart / sum(float(mx.square(array).sum()) for array in second.values()))


def tokens_of(encode: Encode, rows: Rows) -> int:
    return sum(len(row.good) for row in encode(rows, Objective.SFT) if row.good)


def question(row_id: int, words: int) -> Message:
    return {"id": row_id, "prompt": [{"role": "user", "content": "b1 " * words}], "good": "a1 a2", "bad": "h1"}


# mlx_lm


def test_the_length_sort_sorts_by_tokens(encode: Encode) -> None:
    """Theirs sorts by the number of fields of a record: 62% of a batch is real tokens, 93% with a sort that works."""
    rows = [question(number, words=2 + number**3 % 71) for number in range(64)]  # records of as many fields each
    lengths = [len(row) for row in encode(rows, Objective.SFT)]
    batches = epoch_batches(lengths, 4, seed=0, epoch=0)
    unsorted = [list(range(at, at + 4)) for at in range(0, 64, 4)]
    real, without = (
        sum(lengths) / sum(len(rows) * max(lengths[row] for row in rows) for rows in dealt)
        for dealt in (batches, unsorted)
    )
    assert real > 0.9 > 0.7 > without


@pytest.mark.parametrize("execution", [Execution.PACKED, Execution.PADDED])
def test_no_row_trains_the_pad_token(base: BaseModel, encode: Encode, tmp_path: Path, execution: Execution) -> None:
    """Theirs trains a pad token after the end of every shorter row: the gradient is 4.4% off."""
    rows = encode(make_rows(6), Objective.SFT)
    together = whole_step(base, replace(CONFIG, execution=execution), rows, tmp_path)
    assert distance(together.gradients, plain_gradients(base, rows)) <= 1e-5


def test_the_last_partial_batch_is_trained(start: Callable[..., Job], encode: Encode) -> None:
    job = start(CONFIG, make_rows(10))
    done = job.run()
    assert done["steps"] == len(job.steps) == 3  # of batches of four
    assert sum(step["tokens"] for step in job.steps) == tokens_of(encode, make_rows(10))


def test_fewer_validation_rows_than_a_batch_can_be_evaluated(start: Callable[..., Job]) -> None:
    job = start(CONFIG, make_rows(6), make_rows(1, first_id=50), make_rows(1, first_id=60))
    done = job.run()
    assert math.isfinite(job.of_type("eval")[-1]["loss"]) and math.isfinite(done["heldout_loss"])


def test_a_prompt_longer_than_the_limit_is_left_out_not_nan(start: Callable[..., Job]) -> None:
    job = start(replace(CONFIG, max_seq_length=32), [*make_rows(4), question(9, words=40)])
    done = job.run()
    assert [row["id"] for row in done["left_out"]] == [9] and "longer than 32" in done["left_out"][0]["reason"]
    assert all(math.isfinite(step["loss"]) for step in job.steps) and done["skipped_steps"] == 0
    assert all(np.isfinite(np.array(array)).all() for array in job.adapter.values())


def test_more_layers_than_the_model_has_means_all(start: Callable[..., Job]) -> None:
    job = start(replace(CONFIG, layers=16), make_rows(4))
    job.run()
    assert {name.split(".")[2] for name in job.adapter} == {"0", "1"}
    assert any("2 layers, not 16" in message["message"] for message in job.of_type("warning"))


@pytest.mark.parametrize("objective", list(Objective))
def test_accumulation_is_weighted_by_tokens(
    base: BaseModel, encode: Encode, tmp_path: Path, objective: Objective
) -> None:
    """Theirs is a mean of means: a short row weighs as much as a long one."""
    config = replace(CONFIG, objective=objective)
    rows = encode(make_rows(6), objective)
    whole = whole_step(base, config, rows, tmp_path)
    for cut in ({"lean": True}, {"tokens_per_pass": 60}):
        parts = whole_step(base, replace(config, **cut), rows, tmp_path)
        assert distance(parts.gradients, whole.gradients) <= 1e-5


def test_leftover_gradients_are_applied(start: Callable[..., Job], encode: Encode) -> None:
    """Theirs drops what is accumulated when an epoch ends in the middle of a step."""
    job = start(replace(CONFIG, batch_size=1, accumulation=3), make_rows(7))
    assert job.run()["steps"] == 3
    assert sum(step["tokens"] for step in job.steps) == tokens_of(encode, make_rows(7))
    assert all(step["gradient_norm"] > 0 for step in job.steps)


def test_the_cache_is_not_cleared_every_step(start: Callable[..., Job], monkeypatch: pytest.MonkeyPatch) -> None:
    cleared: list[int] = []
    clear = mx.clear_cache
    monkeypatch.setattr(mx, "clear_cache", lambda: (cleared.append(len(job.steps)), clear()))
    job = start(replace(CONFIG, epochs=6), make_rows(8))
    assert job.run()["steps"] == 12
    assert len(cleared) < 6


def test_checkpoints_hold_the_optimizer(start: Callable[..., Job]) -> None:
    """Theirs holds the adapter alone; a run that goes on from one moves 60% off."""
    config = replace(CONFIG, epochs=4, checkpoint_every_steps=1)
    whole, broken = start(config, make_rows(8)), start(config, make_rows(8))
    expected = whole.run()
    broken.cancel_at = 3
    with pytest.raises(Cancelled):
        broken.run()
    broken.cancel = CancelToken()
    assert broken.run(resume=True)["adapter_hash"] == expected["adapter_hash"]


def test_checkpoints_are_atomic(start: Callable[..., Job], tmp_path: Path) -> None:
    config = replace(CONFIG, epochs=4, checkpoint_every_steps=1)
    whole, broken = start(config, make_rows(8)), start(config, make_rows(8))
    expected = whole.run()
    broken.cancel_at = 3
    with pytest.raises(Cancelled):
        broken.run()
    newest = max((tmp_path / "job-1-run" / "checkpoints").glob("step-*"))
    half = shutil.copytree(newest, newest.with_name("step-00000007.partial-1"))
    for file in half.iterdir():
        file.write_bytes(file.read_bytes()[:50])  # as a process leaves it that dies while it saves
    broken.cancel = CancelToken()
    assert broken.run(resume=True)["adapter_hash"] == expected["adapter_hash"]


def test_the_best_adapter_is_kept(start: Callable[..., Job]) -> None:
    # The words of the bad answers become less likely with every step that trains the good ones.
    watched = [row | {"good": row["bad"]} for row in make_rows(4, first_id=50, seed=5)]
    config = replace(CONFIG, learning_rate=0.1, schedule=Schedule.CONSTANT, epochs=4, evaluate_every_steps=1)
    job = start(config, make_rows(8), watched, [row | {"id": row["id"] + 100} for row in watched])
    done = job.run()
    losses = {message["step"]: message["loss"] for message in job.of_type("eval")}
    assert done["best_step"] == min(losses, key=lambda step: losses[step]) < done["steps"]
    assert done["heldout_loss"] == pytest.approx(losses[done["best_step"]], rel=1e-5)


def test_validation_does_not_disturb_the_order(start: Callable[..., Job]) -> None:
    told = []
    for every in (1, 100):
        job = start(
            replace(CONFIG, epochs=2, dropout=0.2, evaluate_every_steps=every), make_rows(9), make_rows(3, first_id=50)
        )
        job.run()
        told.append([step["loss"] for step in job.steps])
    assert told[0] == told[1]


def test_a_run_can_be_cancelled_within_one_step(start: Callable[..., Job]) -> None:
    job = start(replace(CONFIG, epochs=50, checkpoint_every_steps=1), make_rows(8))
    job.cancel_at = 3
    with pytest.raises(Cancelled):
        job.run()
    assert job.steps[-1]["step"] in (3, 4)  # the one that was under way may end


def test_nothing_is_printed_on_stdout(start: Callable[..., Job], capfd: pytest.CaptureFixture[str]) -> None:
    start(DPO, make_rows(6), make_rows(2, first_id=50), make_rows(2, first_id=60)).run()
    assert capfd.readouterr().out == ""


def test_adam_is_corrected_for_its_bias(start: Callable[..., Job]) -> None:
    """Without the correction the first step is 3.2 times the learning rate."""
    job = start(replace(CONFIG, schedule=Schedule.CONSTANT, warmup_share=0.0), make_rows(4))
    assert job.run()["steps"] == 1
    moved = np.concatenate([np.abs(np.array(array)).ravel() for name, array in job.adapter.items() if "lora_b" in name])
    assert np.median(moved[moved > 0]) == pytest.approx(1e-2, rel=0.01)
    assert moved.max() <= 1.001e-2


# mlx_lm_lora


def test_every_row_is_trained_once_an_epoch_without_replacement(start: Callable[..., Job], encode: Encode) -> None:
    """Theirs draws with replacement: an "epoch" saw 10 of 16 rows."""
    for epoch in range(3):
        batches = epoch_batches([3] * 16, 4, seed=0, epoch=epoch)
        assert sorted(row for rows in batches for row in rows) == list(range(16))
    job = start(replace(CONFIG, epochs=2), make_rows(16))
    job.run()
    for epoch in (1, 2):
        tokens = sum(step["tokens"] for step in job.steps if step["epoch"] == epoch)
        assert tokens == tokens_of(encode, make_rows(16))


@pytest.mark.parametrize("mode", [{}, {"lean": True}, {"checkpointing": True}, {"execution": Execution.PADDED}])
def test_the_frozen_base_never_changes(start: Callable[..., Job], base: BaseModel, mode: dict[str, Any]) -> None:
    """Theirs updates the base with --efficient-long-context."""

    def weights() -> list[bytes]:
        return [bytes(memoryview(array)) for _, array in tree_flatten(base.model.parameters())]

    before = weights()
    job = start(replace(DPO, epochs=2, weight_decay=0.1, **mode), make_rows(6))
    job.run()
    assert weights() == before
    assert all(name.endswith((".lora_a", ".lora_b")) for name in job.adapter)


def test_the_reference_is_not_a_second_model(start: Callable[..., Job], tmp_path: Path) -> None:
    own = load_base(write_tiny_model(tmp_path / "own", vocab_size=20_000))
    assert own.fingerprint
    for file in own.path.glob("*.safetensors"):
        file.unlink()  # nothing is left that a second model could be loaded from
    held_bytes = mx.get_active_memory()
    job = start(DPO, make_rows(8), on=own)
    job.run()
    weights_bytes = sum(array.nbytes for _, array in tree_flatten(own.model.parameters()))
    assert max(job.active_bytes) - held_bytes < weights_bytes / 2


@pytest.mark.parametrize("bits", [4, 8])
def test_the_reference_is_quantised_like_the_policy(
    start: Callable[..., Job], quantized_base: Callable[[int], BaseModel], bits: int
) -> None:
    """Before the first update both are the same model, so that every pair's loss is ln 2."""
    job = start(DPO, make_rows(6), on=quantized_base(bits))
    job.run()
    assert job.steps[0]["loss"] == pytest.approx(math.log(2), abs=1e-6)
    assert job.steps[0]["margin"] == pytest.approx(0.0, abs=1e-6)


def test_the_seed_is_set_before_the_adapter_starts(start: Callable[..., Job]) -> None:
    """Theirs is set after, so that the same seed gives another adapter every time."""
    hashes = []
    for drawn, seed in ((1, 7), (2, 7), (1, 8)):
        mx.random.seed(drawn)  # what others have drawn makes no difference
        hashes.append(start(replace(CONFIG, seed=seed), make_rows(4)).run()["adapter_hash"])
    assert hashes[0] == hashes[1] != hashes[2]


def test_accuracy_is_counted_per_pair() -> None:
    """Theirs is that of the batch's mean: three right ones of four read 0.0."""
    gains = mx.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0, -9.0, 9.0])
    sums = AnswerSums(log_probs=gains - 10.0, gains=gains, tokens=mx.full((8,), 4.0))
    rows = [RowAnswers(2 * pair, 2 * pair + 1) for pair in range(4)]
    totals = StepTotals(pairs=4, good_answers=4, good_tokens=16, desirable=4, undesirable=4)
    _, figures = objective_loss(sums, rows, DPO, totals, mx.array(0.0))
    assert figures.correct.item() == 3


def test_fewer_pairs_than_a_batch_train(start: Callable[..., Job]) -> None:
    """Theirs hangs for ever."""
    job = start(replace(DPO, batch_size=8, epochs=2), make_rows(3))
    assert job.run()["steps"] == 2 and all(math.isfinite(step["loss"]) for step in job.steps)


def test_no_generation_header_follows_the_answer(codec: ChatCodec) -> None:
    encoded = codec.encode_answer(user("b1 b2"), "a1 a2")
    assert [codec.token_text(token) for token in encoded.answer] == ["a1", "a2", "<|end|>"]
    assert encoded.ids.count(SPECIAL.index("<|assistant|>")) == 1


def test_cpo_has_its_nll(base: BaseModel, encode: Encode, tmp_path: Path) -> None:
    rows = encode(make_rows(4), Objective.CPO)
    config = replace(CONFIG, objective=Objective.CPO)
    without, once, twice = (
        float(whole_step(base, replace(config, nll_weight=weight), rows, tmp_path).loss) for weight in (0.0, 1.0, 2.0)
    )
    imitation = float(whole_step(base, CONFIG, [replace(row, bad=None) for row in rows], tmp_path).loss)
    assert once - without == pytest.approx(imitation, rel=1e-4)
    assert twice - once == pytest.approx(imitation, rel=1e-4)


def test_nothing_is_cut_without_a_word(start: Callable[..., Job], encode: Encode) -> None:
    rows = [*make_rows(5), question(9, words=40), {**question(10, words=2), "good": "a1 " * 60}]
    job = start(replace(CONFIG, max_seq_length=32), rows)
    done = job.run()
    (report,) = job.of_type("data")
    (reason,) = report["files"]["train"]["left_out"]
    assert reason["ids"] == [9, 10] == [row["id"] for row in done["left_out"]]
    assert sum(step["tokens"] for step in job.steps) == tokens_of(encode, make_rows(5))
    assert job.messages.index(report) < job.messages.index(job.of_type("step")[0])
