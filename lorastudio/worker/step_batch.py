"""What one optimiser step computes on: rows as arrays, with the reference's numbers beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import numpy as np

from lorastudio.domain.cancel import CancelToken
from lorastudio.training.config import Objective, TrainConfig
from lorastudio.worker.batches import Padded, pad
from lorastudio.worker.conversations import Encoded
from lorastudio.worker.log_probs import AnswerScore, score_answers, token_log_probs
from lorastudio.worker.objectives import dpo, nll, preference_accuracy, preference_margins
from lorastudio.worker.rows import TrainRow

REFERENCE_ROWS_PER_CHECK = 64


@dataclass(frozen=True, slots=True)
class Reference:
    """Per-token log-probabilities of a row's answers under the untrained base."""

    good: tuple[float, ...]
    bad: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class StepBatch:
    """Answers of one step: all good ones, those with a counterpart first, then the bad ones in that order.

    `reference` is (rows, length), 0 outside answers; None where the objective needs none. `replay` are extra
    good answers of the base itself, None without replay.
    """

    answers: Padded
    good_rows: int
    pairs: int
    reference: mx.array | None
    replay: Padded | None

    @property
    def tokens(self) -> int:
        """All real tokens that the step reads; padding is not counted."""
        return self.answers.tokens + (self.replay.tokens if self.replay else 0)


def make_batch(
    rows: Sequence[TrainRow], references: Mapping[int, Reference], replay: Sequence[Encoded] = ()
) -> StepBatch:
    """The arrays of some rows; `references` by row id, empty where the objective has no reference."""
    pairs = [row for row in rows if row.bad is not None]
    ordered = [*pairs, *(row for row in rows if row.bad is None)]
    bad = [row.bad for row in pairs if row.bad is not None]
    answers = pad([*(row.good for row in ordered), *bad])
    reference = _reference_array(ordered, pairs, references, answers) if references and pairs else None
    return StepBatch(answers, len(ordered), len(pairs), reference, pad(replay) if replay else None)


def objective_loss(model: Any, batch: StepBatch, config: TrainConfig) -> tuple[mx.array, mx.array | None]:
    """The loss of a batch, and the share of its pairs that are preferred rightly (None without pairs).

    SFT: NLL(good). DPO: −ln σ(βΔ). DPO+NLL: DPO + weight · NLL(good), where a row without a bad answer
    adds to the second term alone. Replay adds the NLL of its own rows.
    """
    log_probs = token_log_probs(model, batch.answers)
    good = log_probs[: batch.good_rows]
    loss = mx.array(0.0)
    accuracy = None
    if batch.reference is not None:
        margins = _margins(log_probs, batch.reference, batch)
        loss = loss + dpo(margins, config.effective_beta, config.label_smoothing)
        accuracy = preference_accuracy(margins)
    if config.objective is not Objective.DPO:
        weight = 1.0 if config.objective is Objective.SFT else config.nll_weight
        loss = loss + weight * nll(good, batch.answers.weights[: batch.good_rows])
    if batch.replay is not None:
        loss = loss + nll(token_log_probs(model, batch.replay), batch.replay.weights)
    return loss, accuracy


def reference_of(
    model: Any, rows: Sequence[TrainRow], cancel: CancelToken, progress: Callable[[int], None]
) -> dict[int, Reference]:
    """The base's log-probabilities of every pair's answers, by row id; computed once, before training."""
    pairs = [row for row in rows if row.bad is not None]
    references: dict[int, Reference] = {}
    for start in range(0, len(pairs), REFERENCE_ROWS_PER_CHECK):
        cancel.check()
        group = pairs[start : start + REFERENCE_ROWS_PER_CHECK]
        scores = score_answers(model, [answer for row in group for answer in (row.good, row.bad) if answer is not None])
        for index, row in enumerate(group):
            references[row.row_id] = _reference(scores[2 * index], scores[2 * index + 1])
        progress(len(references))
    return references


def _reference(good: AnswerScore, bad: AnswerScore) -> Reference:
    return Reference(good.log_probs, bad.log_probs)


def _margins(log_probs: mx.array, reference: mx.array, batch: StepBatch) -> mx.array:
    good, bad = slice(0, batch.pairs), slice(batch.good_rows, None)
    return preference_margins(log_probs[good], reference[good], log_probs[bad], reference[bad])


def _reference_array(
    ordered: Sequence[TrainRow],
    pairs: Sequence[TrainRow],
    references: Mapping[int, Reference],
    answers: Padded,
) -> mx.array:
    values = np.zeros(answers.weights.shape, np.float32)
    placed = [(row.good, references[row.row_id].good) for row in pairs]
    placed += [(row.good, ()) for row in ordered[len(pairs) :]]
    placed += [(row.bad, references[row.row_id].bad) for row in pairs if row.bad is not None]
    for index, (answer, log_probs) in enumerate(placed):
        start = len(answer.prompt) - 1
        values[index, start : start + len(log_probs)] = log_probs
    return mx.array(values)
