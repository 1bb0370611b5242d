"""Batches: which rows go together, and how sequences of unlike length become one array."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import mlx.core as mx
import numpy as np

from lorastudio.domain.seeds import derive_seed
from lorastudio.worker.conversations import Encoded

PAD_MULTIPLE = 8
# Rows of like length go together within a window of this many batches; the windows themselves are random.
WINDOW_BATCHES = 8


@dataclass(frozen=True, slots=True)
class Padded:
    """Sequences padded on the right.

    `inputs` and `targets` are (rows, length) ids, the targets one position later; `weights` (rows, length) is
    1 where the target belongs to the answer and 0 for prompt and padding, which are never trained.
    """

    inputs: mx.array
    targets: mx.array
    weights: mx.array
    tokens: int

    @property
    def answer_lengths(self) -> mx.array:
        return self.weights.sum(axis=-1)


def pad(sequences: Sequence[Encoded]) -> Padded:
    """One array from sequences, its length rounded up to a multiple of `PAD_MULTIPLE`."""
    longest = max(len(sequence) for sequence in sequences) - 1
    length = -(-longest // PAD_MULTIPLE) * PAD_MULTIPLE
    ids = np.zeros((len(sequences), length + 1), np.int32)
    weights = np.zeros((len(sequences), length), np.float32)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = sequence.ids
        weights[row, len(sequence.prompt) - 1 : len(sequence) - 1] = 1.0
    tokens = sum(len(sequence) for sequence in sequences)
    return Padded(mx.array(ids[:, :-1]), mx.array(ids[:, 1:]), mx.array(weights), tokens)


def epoch_batches(lengths: Sequence[int], batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """The row indices of every batch of one epoch: each row exactly once, the last batch perhaps smaller.

    The order depends on the seed and the epoch alone.
    """
    rng = random.Random(derive_seed("order", seed, epoch))
    order = list(range(len(lengths)))
    rng.shuffle(order)
    window = batch_size * WINDOW_BATCHES
    batches: list[list[int]] = []
    for start in range(0, len(order), window):
        rows = sorted(order[start : start + window], key=lambda index: lengths[index])
        batches += [rows[at : at + batch_size] for at in range(0, len(rows), batch_size)]
    rng.shuffle(batches)
    return batches


def batches_per_epoch(rows: int, batch_size: int) -> int:
    return -(-rows // batch_size)
