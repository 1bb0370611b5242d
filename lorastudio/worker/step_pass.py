"""One pass of a step: some of its rows and replayed answers, laid out for the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mlx.core as mx
import numpy as np
import numpy.typing as npt

from lorastudio.training.config import Objective
from lorastudio.worker.answer_model import AnswerModel, Pass
from lorastudio.worker.answer_sums import RowAnswers
from lorastudio.worker.conversations import Encoded
from lorastudio.worker.mismatch import answers_of
from lorastudio.worker.rows import TrainRow


@dataclass(frozen=True, slots=True)
class StepPass:
    """`work` holds the rows' answers in the order of `rows`, then `replayed` answers of the base itself.

    `reference` is (scored,), the base's log-probabilities; None where the objective has none.
    """

    work: Pass
    rows: tuple[RowAnswers, ...]
    replayed: int
    reference: mx.array | None


def lay_out(
    model: AnswerModel,
    rows: Sequence[TrainRow],
    replay: Sequence[Encoded],
    references: Mapping[Encoded, npt.NDArray[np.float32]],
    objective: Objective,
) -> StepPass:
    """The pass of some rows; `references` by answer, where the objective has them."""
    answers = [*(answer for row in rows for answer in answers_of(row)), *replay]
    placed = RowAnswers.in_order(rows)
    # DPO compares sums of the same tokens: what a pair shares cancels, and needs no scoring. Averages don't cancel.
    cancels = objective is Objective.DPO and not replay
    pairs = [(row.good, row.bad) for row in placed if row.good is not None and row.bad is not None] if cancels else []
    work = model.make_pass([model.book.number(answer) for answer in answers], pairs)
    if not objective.needs_reference:
        return StepPass(work, placed, len(replay), None)
    of_rows = [references[answer] for answer in answers[: len(answers) - len(replay)]]
    of_replay = [np.zeros(len(answer.answer), np.float32) for answer in replay]  # it is compared with nothing
    return StepPass(work, placed, len(replay), work.targets.spread([*of_rows, *of_replay]))
