"""What a trained adapter is worth on rows it did not learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mlx.core as mx

from lorastudio.domain.cancel import CancelToken
from lorastudio.worker.answer_sums import AnswerSums, RowAnswers, StepTotals
from lorastudio.worker.conversations import Encoded
from lorastudio.worker.mismatch import answers_of
from lorastudio.worker.objective_loss import objective_loss
from lorastudio.worker.rows import TrainRow
from lorastudio.worker.scoring import AnswerScore
from lorastudio.worker.step import Stepper

Scores = Mapping[Encoded, AnswerScore]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures over some rows; None where there is no row that could give one.

    `objective`: the training objective over all rows, as if they were one step. `validation_accuracy`: share of
    pairs whose good answer has the greater log-probability per token; `reference_accuracy`: share whose margin over
    the base's own preference is positive; ties count one half. `loss`: −Σc/ΣL over good answers.
    `token_accuracy`: share of their tokens that were the first choice.
    """

    objective: float | None
    validation_accuracy: float | None
    reference_accuracy: float | None
    loss: float | None
    token_accuracy: float | None


def evaluate(stepper: Stepper, rows: Sequence[TrainRow], cancel: CancelToken) -> Evaluation:
    """Score rows that the stepper watches, once each, under the model as it is now."""
    if not rows:
        return Evaluation(None, None, None, None, None)
    scores = stepper.scores(rows, cancel)
    good = [scores[row.good] for row in rows if row.good is not None]
    pairs = [(row.good, row.bad) for row in rows if row.good is not None and row.bad is not None]
    tokens = sum(len(score.log_probs) for score in good)
    return Evaluation(
        objective=_objective(stepper, rows, scores),
        validation_accuracy=_mean([_win(scores[good].per_token - scores[bad].per_token) for good, bad in pairs]),
        reference_accuracy=_mean(
            [_win(_gain(stepper, scores, good) - _gain(stepper, scores, bad)) for good, bad in pairs]
        ),
        loss=-sum(score.total for score in good) / tokens if tokens else None,
        token_accuracy=sum(score.first_choices for score in good) / tokens if tokens else None,
    )


def _objective(stepper: Stepper, rows: Sequence[TrainRow], scores: Scores) -> float:
    answers = [answer for row in rows for answer in answers_of(row)]
    sums = AnswerSums(
        log_probs=mx.array([scores[answer].total for answer in answers]),
        gains=mx.array([_gain(stepper, scores, answer) for answer in answers]),
        tokens=mx.array([float(len(answer.answer)) for answer in answers]),
    )
    divergence = stepper.divergence(rows, scores)
    loss, _ = objective_loss(sums, RowAnswers.in_order(rows), stepper.config, StepTotals.of(rows), divergence)
    return float(loss)


def _gain(stepper: Stepper, scores: Scores, answer: Encoded) -> float:
    """Σ (ln p − ln p0), token by token; 0 without a reference."""
    before = stepper.references.get(answer)
    return 0.0 if before is None else float((scores[answer].log_probs - before).sum())


def _win(difference: float) -> float:
    return 1.0 if difference > 0 else 0.5 if difference == 0 else 0.0


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
