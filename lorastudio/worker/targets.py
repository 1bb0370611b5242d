"""What a pass scores: which of its outputs predict which tokens, and to which answers these belong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import mlx.core as mx
import numpy as np
import numpy.typing as npt

from lorastudio.worker.answer_sums import AnswerSums

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Targets:
    """The scored tokens of a pass, each once although several answers may share it.

    `sources` (scored,) is the output row that predicts a token, `ids` (scored,) the token; `places` holds for each
    answer where its tokens are among the scored ones, in order; `kept` says which of its tokens these are, all but
    those that cancel.
    """

    sources: Indices
    ids: npt.NDArray[np.int32]
    places: tuple[Indices, ...]
    kept: tuple[npt.NDArray[np.bool_], ...]

    def membership(self) -> mx.array:
        """(answers, scored) float32: 1 where a scored token belongs to an answer."""
        matrix = np.zeros((len(self.places), len(self.ids)), np.float32)
        for answer, places in enumerate(self.places):
            matrix[answer, places] = 1.0
        return mx.array(matrix)

    def spread(self, values: Sequence[npt.NDArray[np.float32]]) -> mx.array:
        """(scored,) float32 from one value for each token of each answer."""
        spread = np.zeros(len(self.ids), np.float32)
        for places, kept, of_answer in zip(self.places, self.kept, values, strict=True):
            spread[places] = of_answer[kept]
        return mx.array(spread)


def sum_answers(log_probs: mx.array, targets: Targets, reference: mx.array | None) -> AnswerSums:
    """Sums over each answer of (scored,) log-probabilities; `reference` are the base's for the same tokens.

    Differences are taken token by token before the sum: two sums of a thousand log-probabilities lose
    thousandths in float32, differences of single tokens do not.
    """
    membership = targets.membership()
    gains = mx.zeros(len(targets.places)) if reference is None else membership @ (log_probs - reference)
    return AnswerSums(membership @ log_probs, gains, mx.array([len(kept) for kept in targets.kept], mx.float32))


def scored_tokens(
    rows: Sequence[Indices],
    ids: Sequence[npt.NDArray[np.int32]],
    starts: Sequence[int],
    pairs: Sequence[tuple[int, int]],
) -> Targets:
    """The targets of a pass from, for each answer, the rows of its tokens in the pass, their ids, and where the
    answer starts among them.

    Tokens that both answers of one of the `pairs` share are left out: they cancel in a difference of sums.
    """
    predicted = [row[start:] for row, start in zip(rows, starts, strict=True)]
    unique, inverse = np.unique(np.concatenate(predicted), return_inverse=True)
    bounds = np.cumsum([0, *(len(row) for row in predicted)])
    places = [inverse[begin:end] for begin, end in pairwise(bounds)]
    sources, targets = np.empty(len(unique), np.int64), np.empty(len(unique), np.int32)
    for answer, start in enumerate(starts):
        sources[places[answer]] = rows[answer][start - 1 : -1]
        targets[places[answer]] = ids[answer][start:]
    counting = _counting(places, len(unique), pairs)
    moved = np.cumsum(counting) - 1
    kept = tuple(counting[place] for place in places)
    remaining = tuple(moved[place[mask]] for place, mask in zip(places, kept, strict=True))
    return Targets(sources[counting], targets[counting], remaining, kept)


def _counting(places: Sequence[Indices], scored: int, pairs: Sequence[tuple[int, int]]) -> npt.NDArray[np.bool_]:
    """Which scored tokens count: those that not every answer they belong to shares with its counterpart."""
    weights = np.zeros(scored, np.int64)
    for place in places:
        weights[place] += 1
    cancelled = np.zeros(scored, np.int64)
    for good, bad in pairs:
        cancelled[np.intersect1d(places[good], places[bad])] += 2
    return np.asarray(weights != cancelled)
