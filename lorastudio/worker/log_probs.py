"""Log-probabilities of answers that are already there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import numpy as np

from lorastudio.worker.batches import Padded, pad
from lorastudio.worker.conversations import Encoded

SCORE_ROWS = 16


@dataclass(frozen=True, slots=True)
class AnswerScore:
    """One answer under one model: log-probability of each token (with the end token), and first choices."""

    log_probs: tuple[float, ...]
    first_choices: int

    @property
    def total(self) -> float:
        return sum(self.log_probs)

    @property
    def per_token(self) -> float:
        return self.total / len(self.log_probs)


def token_log_probs(model: Any, batch: Padded) -> mx.array:
    """ln p(target | what stands before) as float32, (rows, length); zero outside the answers."""
    return _chosen(_logits(model, batch), batch.targets) * batch.weights


def score_answers(model: Any, answers: Sequence[Encoded]) -> list[AnswerScore]:
    """Score every answer, in order. Computes in groups of like length; keeps nothing but the numbers."""
    order = sorted(range(len(answers)), key=lambda index: len(answers[index]))
    scores: dict[int, AnswerScore] = {}
    for start in range(0, len(order), SCORE_ROWS):
        group = order[start : start + SCORE_ROWS]
        batch = pad([answers[index] for index in group])
        logits = _logits(model, batch)
        chosen = np.array(_chosen(logits, batch.targets))
        hits = np.array((mx.argmax(logits, axis=-1) == batch.targets) * batch.weights)
        for row, index in enumerate(group):
            begin, end = len(answers[index].prompt) - 1, len(answers[index]) - 1
            scores[index] = AnswerScore(tuple(chosen[row, begin:end].tolist()), int(hits[row].sum()))
    return [scores[index] for index in range(len(answers))]


def _logits(model: Any, batch: Padded) -> mx.array:
    logits: mx.array = model(batch.inputs).astype(mx.float32)
    return logits


def _chosen(logits: mx.array, targets: mx.array) -> mx.array:
    picked = mx.take_along_axis(logits, targets[..., None], axis=-1).squeeze(-1)
    return picked - mx.logsumexp(logits, axis=-1)
