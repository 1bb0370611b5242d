"""Log-probabilities of answers that are already there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lorastudio.domain.cancel import CancelToken
from lorastudio.training.pass_limits import TOKENS_PER_SCORING_PASS
from lorastudio.worker.answers import AnswerBook
from lorastudio.worker.conversations import Encoded
from lorastudio.worker.execution import Computing, computing_on


@dataclass(frozen=True, slots=True)
class AnswerScore:
    """One answer under one model: log-probability of each token (with the end token), and first choices."""

    log_probs: npt.NDArray[np.float32]
    first_choices: int

    @property
    def total(self) -> float:
        return float(self.log_probs.sum(dtype=np.float64))

    @property
    def per_token(self) -> float:
        return self.total / len(self.log_probs)


def score_answers(model: Any, answers: Sequence[Encoded], cancel: CancelToken) -> list[AnswerScore]:
    """Score every answer under a model, in order."""
    if not answers:
        return []
    book = AnswerBook.of(answers)
    scores = score_book(computing_on(model, book), range(len(book)), cancel)
    return [scores[book.number(answer)] for answer in answers]


def score_book(
    computing: Computing,
    numbers: Iterable[int],
    cancel: CancelToken,
    *,
    budget: int = TOKENS_PER_SCORING_PASS,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[int, AnswerScore]:
    """The scores of some of a book's answers by number."""
    book = computing.model.book
    order = book.sharing_order(numbers)
    scores: dict[int, AnswerScore] = {}
    for group in book.groups([[number] for number in order], budget):
        cancel.check()
        answers = [order[index] for index in group]
        scores |= _scores(computing, answers)
        progress(len(scores))
    return scores


def _scores(computing: Computing, answers: Sequence[int]) -> dict[int, AnswerScore]:
    model = computing.model
    work = model.make_pass(answers)
    log_probs, first = (np.array(values) for values in model.scores(work))
    return {
        answer: AnswerScore(log_probs[places], int(first[places].sum()))
        for answer, places in zip(answers, work.targets.places, strict=True)
    }
