"""What a trained adapter is worth on rows it did not learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import mlx.core as mx

from lorastudio.training.config import TrainConfig
from lorastudio.worker.answer_sums import AnswerSums, RowAnswers, StepTotals
from lorastudio.worker.log_probs import AnswerScore, score_answers
from lorastudio.worker.objective_loss import objective_loss
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
    """Score the held-out rows; `references` by row id. A pair without one has no margin over the base."""
    return _figures(_score(model, rows), references)


def evaluate_development(
    model: Any, rows: Sequence[TrainRow], references: Mapping[int, Reference], config: TrainConfig
) -> tuple[float, HeldOut]:
    """The objective over a whole set, as if it were one batch, and the figures; every answer is scored once."""
    scored = _score(model, rows)
    return _objective(rows, scored, references, config), _figures(scored, references)


@dataclass(frozen=True, slots=True)
class _Scored:
    """Answers under the present model, by row id; `pairs` are the ids that have both."""

    good: Mapping[int, AnswerScore]
    bad: Mapping[int, AnswerScore]

    @property
    def pairs(self) -> list[int]:
        return [row_id for row_id in self.good if row_id in self.bad]

    @property
    def good_loss(self) -> float | None:
        """−Σc/ΣL over good answers; None without any."""
        tokens = sum(len(score.log_probs) for score in self.good.values())
        return -sum(score.total for score in self.good.values()) / tokens if tokens else None


def _score(model: Any, rows: Sequence[TrainRow]) -> _Scored:
    good = {row.row_id: row.good for row in rows if row.good is not None}
    bad = {row.row_id: row.bad for row in rows if row.bad is not None}
    scores = score_answers(model, [*good.values(), *bad.values()])
    return _Scored(
        dict(zip(good, scores[: len(good)], strict=True)),
        dict(zip(bad, scores[len(good) :], strict=True)),
    )


def _figures(scored: _Scored, references: Mapping[int, Reference]) -> HeldOut:
    by_length = [_win(scored.good[pair].per_token - scored.bad[pair].per_token) for pair in scored.pairs]
    tokens = sum(len(score.log_probs) for score in scored.good.values())
    return HeldOut(
        validation_accuracy=_mean(by_length),
        reference_accuracy=_mean([_win(margin) for margin in _margins(scored, references)]),
        loss=scored.good_loss,
        token_accuracy=sum(score.first_choices for score in scored.good.values()) / tokens if tokens else None,
    )


def _objective(
    rows: Sequence[TrainRow], scored: _Scored, references: Mapping[int, Reference], config: TrainConfig
) -> float:
    """KTO's reference point z0 is taken as 0 here: it shifts the loss of all evaluations alike."""
    answers = [*scored.good.values(), *scored.bad.values()]
    before = [*_known(scored.good, references, "good"), *_known(scored.bad, references, "bad")]
    sums = AnswerSums(
        log_probs=mx.array([score.total for score in answers]),
        gains=mx.array([_gain(score, known) for score, known in zip(answers, before, strict=True)]),
        tokens=mx.array([float(len(score.log_probs)) for score in answers]),
    )
    good = {row_id: index for index, row_id in enumerate(scored.good)}
    bad = {row_id: len(good) + index for index, row_id in enumerate(scored.bad)}
    places = [RowAnswers(good.get(row.row_id), bad.get(row.row_id)) for row in rows]
    loss, _ = objective_loss(sums, places, config, StepTotals.of(rows), mx.array(0.0))
    return float(loss)


def _known(
    scores: Mapping[int, AnswerScore], references: Mapping[int, Reference], side: Literal["good", "bad"]
) -> list[tuple[float, ...] | None]:
    return [getattr(references[row_id], side) if row_id in references else None for row_id in scores]


def _gain(score: AnswerScore, before: tuple[float, ...] | None) -> float:
    """Σ (ln p − ln p0), token by token; 0 without a reference."""
    return sum(now - then for now, then in zip(score.log_probs, before, strict=True)) if before else 0.0


def _margins(scored: _Scored, references: Mapping[int, Reference]) -> list[float]:
    """Δ = (c − c0) − (r − r0) of the pairs whose reference is known."""
    known = [pair for pair in scored.pairs if pair in references]
    return [
        _gain(scored.good[pair], references[pair].good) - _gain(scored.bad[pair], references[pair].bad)
        for pair in known
    ]


def _win(difference: float) -> float:
    return 1.0 if difference > 0 else 0.5 if difference == 0 else 0.0


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
