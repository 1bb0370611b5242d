"""What an objective sees of a forward pass: a few numbers for each answer, and which answers belong together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import mlx.core as mx

from lorastudio.worker.rows import TrainRow


@dataclass(frozen=True, slots=True)
class AnswerSums:
    """Per answer of a pass, all float32 of shape (answers,): `log_probs` Σ ln p with the end token; `gains`
    Σ (ln p − ln p0), the differences taken token by token, zero where the objective has no reference; `tokens` their
    number.

    Token by token, because two sums of a thousand log-probabilities lose thousandths in float32, and differences of
    single tokens do not.
    """

    log_probs: mx.array
    gains: mx.array
    tokens: mx.array


@dataclass(frozen=True, slots=True)
class RowAnswers:
    """Where a row's answers are among the answers of its pass."""

    good: int | None
    bad: int | None

    @classmethod
    def in_order(cls, rows: Iterable[TrainRow]) -> tuple[RowAnswers, ...]:
        """The places of some rows' answers that stand one after the other, each row's good one first."""
        placed: list[RowAnswers] = []
        count = 0
        for row in rows:
            good = count if row.good is not None else None
            count += row.good is not None
            bad = count if row.bad is not None else None
            count += row.bad is not None
            placed.append(cls(good, bad))
        return tuple(placed)


@dataclass(frozen=True, slots=True)
class StepTotals:
    """What a whole optimiser step holds (all passes, all ranks): the denominators, so that parts of a step add up
    exactly.

    `good_tokens` counts the tokens of all good answers. `desirable` and `undesirable` count answers by themselves, as
    KTO does; a pair has one of each.
    """

    pairs: int
    good_answers: int
    good_tokens: int
    desirable: int
    undesirable: int

    @classmethod
    def of(cls, rows: Iterable[TrainRow]) -> StepTotals:
        rows = tuple(rows)
        good = [row.good for row in rows if row.good is not None]
        undesirable = sum(row.bad is not None for row in rows)
        return cls(
            pairs=sum(row.good is not None and row.bad is not None for row in rows),
            good_answers=len(good),
            good_tokens=sum(len(encoded.answer) for encoded in good),
            desirable=len(good),
            undesirable=undesirable,
        )
