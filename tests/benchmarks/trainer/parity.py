"""How far the gradients of a step are from those of its loss written down plainly, for every objective.

The oracle runs each answer by itself through the stock model, unpadded, unpacked and with all its logits, and takes the
reference from the untouched base, token by token. Both compute in float32, so the last digits differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx import nn
from mlx.utils import tree_flatten

from lorastudio.domain.cancel import CancelToken
from lorastudio.training.config import Objective, TrainConfig
from lorastudio.worker.adapters import choose_shape, with_fresh_adapter
from lorastudio.worker.base_model import BaseModel, load_base
from lorastudio.worker.conversations import Encoded
from lorastudio.worker.rows import TrainRow
from lorastudio.worker.step import Stepper
from tests.benchmarks.trainer.recipe import encoded_rows, recipe
from tests.benchmarks.trainer.task import Task, given_task


def measure(task: Task) -> None:
    base = load_base(Path(task.model))
    found = {objective.value: _distance(base, task, objective) for objective in Objective}
    task.write(found)


def _distance(base: BaseModel, task: Task, objective: Objective) -> float:
    """‖ours − plain‖ / ‖plain‖ over all gradients, at an adapter that has moved from its start."""
    config = replace(recipe(task), objective=objective)
    rows = encoded_rows(base, task, objective)
    model = _moved_adapter(base, config)
    stepper = Stepper.on(model, config, rows)
    stepper.prepare(Path(task.output), CancelToken(), lambda done, of: None)
    ours = stepper.gradients(rows, [], seed=0).gradients
    divergence = float(stepper.divergence(rows))
    stepper.close()
    plain = nn.value_and_grad(model, plain_loss)(model, rows, base.model, config, divergence)[1]
    return _relative_l2(ours, plain)


def _moved_adapter(base: BaseModel, config: TrainConfig) -> Any:
    """At its start every B is zero, and so is the gradient of every A."""
    shape = choose_shape(base, rank=config.rank, scale=config.scale, dropout=0.0, layers=config.layers)
    model = with_fresh_adapter(base, shape, seed=0)
    mx.random.seed(1)
    arrays = tree_flatten(model.trainable_parameters())
    model.load_weights([(name, array + 0.01 * mx.random.normal(array.shape)) for name, array in arrays], strict=False)
    return model


def _relative_l2(ours: Any, plain: Any) -> float:
    ours, plain = dict(tree_flatten(ours)), dict(tree_flatten(plain))
    assert ours.keys() == plain.keys()
    apart = sum(mx.square(ours[name] - plain[name]).sum() for name in plain)
    return float(mx.sqrt(apart / sum(mx.square(array).sum() for array in plain.values())))


@dataclass(frozen=True, slots=True)
class Sums:
    """Of some answers, (answers,) each: Σ ln p, Σ (ln p − ln p0) token by token, and the number of tokens."""

    log_probs: mx.array
    gains: mx.array
    tokens: mx.array


def plain_loss(model: Any, rows: Sequence[TrainRow], base: Any, config: TrainConfig, divergence: float) -> mx.array:
    """The loss of a step as the papers have it that `worker/objectives.py` names; every row but SFT's is a pair."""
    beta = config.effective_beta
    good = _sums(model, base, [row.good for row in rows])
    nll = -good.log_probs.sum() / good.tokens.sum()
    if config.objective is Objective.SFT:
        return nll
    bad = _sums(model, base, [row.bad for row in rows])
    mean, bad_mean = good.log_probs / good.tokens, bad.log_probs / bad.tokens
    dpo = -nn.log_sigmoid(beta * (good.gains - bad.gains)).mean()
    match config.objective:
        case Objective.DPO:
            return dpo
        case Objective.DPO_NLL:
            return dpo + nll
        case Objective.IPO:
            return mx.square(good.gains / good.tokens - bad.gains / bad.tokens - 1 / (2 * beta)).mean()
        case Objective.SIMPO:
            return -nn.log_sigmoid(beta * (mean - bad_mean) - config.gamma).mean()
        case Objective.CPO:
            return -nn.log_sigmoid(beta * (good.log_probs - bad.log_probs)).mean() + nll
        case Objective.ORPO:
            return (-mean - beta * nn.log_sigmoid(_log_odds(mean) - _log_odds(bad_mean))).mean()
        case Objective.KTO:
            desirable = 1 - mx.sigmoid(beta * (good.gains - divergence))
            undesirable = 1 - mx.sigmoid(beta * (divergence - bad.gains))
            return mx.concatenate([desirable, undesirable]).mean()


def _log_odds(log_probs: mx.array) -> mx.array:
    return log_probs - mx.log(-mx.expm1(log_probs))


def _sums(model: Any, base: Any, answers: Sequence[Encoded]) -> Sums:
    now = [_token_log_probs(model, answer) for answer in answers]
    before = [mx.stop_gradient(_token_log_probs(base, answer)) for answer in answers]
    return Sums(
        log_probs=mx.stack([values.sum() for values in now]),
        gains=mx.stack([(one - other).sum() for one, other in zip(now, before, strict=True)]),
        tokens=mx.array([values.size for values in now]),
    )


def _token_log_probs(model: Any, answer: Encoded) -> mx.array:
    """ln p of each token of one answer, (tokens,)."""
    ids = mx.array(answer.ids)[None]
    log_probs = nn.log_softmax(model(ids[:, :-1]), axis=-1)
    return mx.take_along_axis(log_probs, ids[:, 1:, None], axis=-1)[0, len(answer.prompt) - 1 :, 0]


if __name__ == "__main__":
    measure(given_task())
