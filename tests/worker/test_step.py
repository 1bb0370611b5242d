"""A step's gradients: the same however it is cut and computed, for every objective."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from mlx.nn.utils import value_and_grad
from mlx.utils import tree_flatten, tree_unflatten

from lorastudio.domain.cancel import CancelToken
from lorastudio.training.config import AdapterKind, Execution, Objective, TrainConfig
from lorastudio.worker.adapter_layers import DoraLinear, LoraLinear, is_linear
from lorastudio.worker.answer_sums import AnswerSums, RowAnswers, StepTotals
from lorastudio.worker.conversations import Encoded
from lorastudio.worker.objective_loss import objective_loss
from lorastudio.worker.rows import TrainRow
from lorastudio.worker.step import Stepper, StepResult
from tests.worker.families import random_model

CONFIG = TrainConfig(rank=4, alpha=8.0, learning_rate=1e-3, max_seq_length=200)


def adapted(name: str, layers: int = 3, kind: AdapterKind = AdapterKind.LORA, dropout: float = 0.0) -> Any:
    """A model with an adapter that has already learned something."""
    return put_adapter(random_model(name), layers, kind, dropout)


def put_adapter(model: Any, layers: int = 3, kind: AdapterKind = AdapterKind.LORA, dropout: float = 0.0) -> Any:
    layer_type = DoraLinear if kind is AdapterKind.DORA else LoraLinear
    for number, block in enumerate(model.layers[-layers:]):
        linears = [(name, module) for name, module in block.named_modules() if is_linear(module)]
        on = [
            (name, layer_type(module, 4, 2.0, dropout, mx.random.key(100 * number + index)))
            for index, (name, module) in enumerate(linears)
        ]
        block.update_modules(tree_unflatten(on))
    weights = tree_flatten(model.trainable_parameters())
    keys = mx.random.split(mx.random.key(7), len(weights))
    model.update(
        tree_unflatten(
            [
                (name, 0.1 * mx.random.normal(array.shape, key=key))
                for (name, array), key in zip(weights, keys, strict=True)
                if name.endswith("lora_b")
            ]
        )
    )
    mx.eval(model.parameters())
    return model


def make_rows(seed: int = 0) -> list[TrainRow]:
    """Pairs that share prompts and beginnings, one that shares neither, and answers by themselves."""
    rng = random.Random(seed)

    def ids(count: int) -> tuple[int, ...]:
        return tuple(rng.randrange(3, 96) for _ in range(count))

    prompt, other, begun = ids(25), ids(7), ids(20)
    return [
        TrainRow(1, Encoded(prompt, begun + ids(6)), Encoded(prompt, begun + ids(11))),
        TrainRow(2, Encoded(prompt, ids(9)), Encoded(prompt, ids(4))),
        TrainRow(3, Encoded(other, ids(13)), Encoded(other, ids(30))),
        TrainRow(4, Encoded(other, ids(8)), None),
    ]


def rows_for(objective: Objective) -> list[TrainRow]:
    rows = make_rows()
    if objective is Objective.SFT:
        return [TrainRow(row.row_id, row.good, None) for row in rows]
    if objective is Objective.KTO:
        return [*rows, TrainRow(5, None, rows[2].bad)]
    return [row for row in rows if row.bad] if objective.needs_pairs else rows


def prepared(model: Any, rows: list[TrainRow], config: TrainConfig, scratch: Path, replay: Any = ()) -> Stepper:
    stepper = Stepper.on(model, config, rows, (), replay)
    stepper.prepare(scratch, CancelToken(), lambda done, of: None)
    return stepper


def step(model: Any, rows: list[TrainRow], config: TrainConfig, scratch: Path, replay: Any = ()) -> StepResult:
    stepper = prepared(model, rows, config, scratch, replay)
    result = stepper.gradients(rows, replay, seed=3)
    mx.eval(result.loss, result.gradients)
    stepper.close()
    return result


def distance(ours: Any, theirs: Any) -> float:
    """Relative L2 distance of two gradients."""
    first, second = dict(tree_flatten(ours)), dict(tree_flatten(theirs))
    assert first.keys() == second.keys()
    unlike = sum(float(mx.square(first[name] - second[name]).sum()) for name in second)
    whole = sum(float(mx.square(array).sum()) for array in second.values())
    return (unlike / whole) ** 0.5


def plain_step(model: Any, rows: list[TrainRow], config: TrainConfig, stepper: Stepper) -> tuple[mx.array, Any]:
    """The loss written down as a person would: every answer by itself through the model, all logits kept."""

    def token_log_probs(answer: Encoded) -> mx.array:
        logits = model(mx.array([answer.ids[:-1]]))[0].astype(mx.float32)[len(answer.prompt) - 1 :]
        chosen = mx.take_along_axis(logits, mx.array(answer.answer)[:, None], axis=-1)[:, 0]
        return chosen - mx.logsumexp(logits, axis=-1)

    divergence = stepper.divergence(rows)

    def loss() -> mx.array:
        log_probs, gains, tokens, placed = [], [], [], []
        for row in rows:
            places = []
            for answer in (row.good, row.bad):
                places.append(None if answer is None else len(log_probs))
                if answer is None:
                    continue
                values = token_log_probs(answer)
                reference = stepper.references.get(answer)
                log_probs.append(values.sum())
                gains.append((values - mx.array(reference)).sum() if reference is not None else mx.array(0.0))
                tokens.append(float(len(answer.answer)))
            placed.append(RowAnswers(*places))
        sums = AnswerSums(mx.stack(log_probs), mx.stack(gains), mx.array(tokens))
        return objective_loss(sums, placed, config, StepTotals.of(rows), divergence)[0]

    return value_and_grad(model, loss)()


@pytest.mark.parametrize("objective", list(Objective))
def test_a_packed_step_is_that_of_every_answer_by_itself(objective: Objective, tmp_path: Path) -> None:
    model, rows = adapted("qwen3", layers=2), rows_for(objective)
    config = replace(CONFIG, objective=objective)
    stepper = prepared(model, rows, config, tmp_path)
    result = stepper.gradients(rows, (), seed=3)
    loss, gradients = plain_step(model, rows, config, stepper)
    assert stepper.describe()["path"] == "packed" and stepper.describe()["trunk_blocks"] == 1
    assert float(result.loss) == pytest.approx(float(loss), rel=1e-5)
    assert distance(result.gradients, gradients) <= 1e-5
    stepper.close()


@pytest.mark.parametrize("objective", list(Objective))
def test_it_makes_no_difference_how_a_step_is_cut(objective: Objective, tmp_path: Path) -> None:
    model, rows = adapted("llama"), rows_for(objective)
    config = replace(CONFIG, objective=objective)
    whole = step(model, rows, config, tmp_path)
    for changes in ({"lean": True}, {"tokens_per_pass": 40}, {"checkpointing": True}, {"execution": Execution.PADDED}):
        cut = step(model, rows, replace(config, **changes), tmp_path)
        assert float(cut.loss) == pytest.approx(float(whole.loss), rel=1e-5), changes
        assert distance(cut.gradients, whole.gradients) <= 2e-5, changes
        assert (cut.pairs, cut.tokens) == (whole.pairs, whole.tokens)
        assert float(cut.correct) == pytest.approx(float(whole.correct))
        assert float(cut.margin) == pytest.approx(float(whole.margin), rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("name", ["llama", "mamba"])
@pytest.mark.parametrize("execution", [Execution.AUTO, Execution.PADDED])
def test_blocks_computed_again_drop_the_same_values(name: str, execution: Execution, tmp_path: Path) -> None:
    rows, config = make_rows(), replace(CONFIG, execution=execution)
    kept, again, undropped = (
        step(adapted(name, dropout=dropout).train(), rows, replace(config, checkpointing=checkpointing), tmp_path)
        for dropout, checkpointing in ((0.5, False), (0.5, True), (0.0, False))
    )
    assert float(again.loss) == pytest.approx(float(kept.loss), rel=1e-6)
    assert distance(again.gradients, kept.gradients) <= 1e-5
    assert distance(undropped.gradients, kept.gradients) > 0.1


def test_dora_packs_too(tmp_path: Path) -> None:
    model, rows = adapted("qwen2", kind=AdapterKind.DORA), make_rows()
    packed, padded = (
        step(model, rows, replace(CONFIG, execution=execution), tmp_path)
        for execution in (Execution.PACKED, Execution.PADDED)
    )
    assert distance(packed.gradients, padded.gradients) <= 1e-5
