"""What a trained adapter is worth on rows it did not learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import numpy as np

from lorastudio.training.config import Objective, TrainConfig
from lorastudio.worker.log_probs import AnswerScore, score_answers
from lorastudio.worker.objectives import dpo
from lorastudio.worker.rows import TrainRow
from lorastudio.worker.step_batch import Reference


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Figures over the held-out rows; None where there is no row that could give one.

    `validation_accuracy`: share of pairs whose good answer has the greater log-probability per token;
    `reference_accuracy`: share whose margin over the base's own preference is positive; ties count one half.
    `loss`: −Σc/ΣL over good answers. `token_accuracy`: share of their tokens that were the first choice.
    """

    validation_accuracy: float | None
    reference_accuracy: float | None
    loss: float | None
    token_accuracy: float | None


def evaluate_heldout(model: Any, rows: Sequence[TrainRow], references: Mapping[int, Reference]) -> HeldOut:
    """Score the held-out rows; `references` by row id for those that are pairs."""
    good = score_answers(model, [row.good for row in rows])
    bad = _bad_scores(model, rows)
    pairs = [(good[index], bad[row.row_id], references[row.row_id]) for index, row in enumerate(rows) if row.bad]
    by_length = [_win(g.per_token - b.per_token) for g, b, _ in pairs]
    by_reference = [_win(_margin(g, b, reference)) for g, b, reference in pairs]
    tokens = sum(len(score.log_probs) for score in good)
    return HeldOut(
        validation_accuracy=_mean(by_length),
        reference_accuracy=_mean(by_reference),
        loss=-sum(score.total for score in good) / tokens if tokens else None,
        token_accuracy=sum(score.first_choices for score in good) / tokens if tokens else None,
    )


def development_loss(
    model: Any, rows: Sequence[TrainRow], references: Mapping[int, Reference], config: TrainConfig
) -> tuple[float, float | None]:
    """The objective over a whole set, as if it were one batch, and its preference accuracy (None without pairs)."""
    good = score_answers(model, [row.good for row in rows])
    loss, accuracy = 0.0, None
    if config.objective is not Objective.SFT:
        bad = _bad_scores(model, rows)
        margins = [
            _margin(good[index], bad[row.row_id], references[row.row_id]) for index, row in enumerate(rows) if row.bad
        ]
        if margins:
            loss += float(np.array(dpo(mx.array(margins), config.effective_beta, config.label_smoothing)))
            accuracy = _mean([_win(margin) for margin in margins])
    if config.objective is not Objective.DPO:
        weight = 1.0 if config.objective is Objective.SFT else config.nll_weight
        loss -= weight * sum(score.total for score in good) / sum(len(score.log_probs) for score in good)
    return loss, accuracy


def _bad_scores(model: Any, rows: Sequence[TrainRow]) -> dict[int, AnswerScore]:
    answers = {row.row_id: row.bad for row in rows if row.bad is not None}
    return dict(zip(answers, score_answers(model, list(answers.values())), strict=True))


def _margin(good: AnswerScore, bad: AnswerScore, reference: Reference) -> float:
    """Δ = (c − c0) − (r − r0), token by token."""
    gained = sum(now - before for now, before in zip(good.log_probs, reference.good, strict=True))
    lost = sum(now - before for now, before in zip(bad.log_probs, reference.bad, strict=True))
    return gained - lost


def _win(difference: float) -> float:
    return 1.0 if difference > 0 else 0.5 if difference == 0 else 0.0


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
