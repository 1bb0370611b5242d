"""Batches: which rows make a step."""

from __future__ import annotations

import random
from collections.abc import Sequence

from lorastudio.domain.seeds import derive_seed

# Rows of like length go together within a window of this many batches; the windows themselves are random.
WINDOW_BATCHES = 8


def epoch_batches(
    lengths: Sequence[int], batch_size: int, seed: int, epoch: int, *, by_length: bool = True
) -> list[list[int]]:
    """The row indices of every batch of one epoch: each row exactly once, the last batch perhaps smaller.

    `by_length` puts rows of like length together, which spares padding where there is any. The order depends on
    the seed and the epoch alone.
    """
    rng = random.Random(derive_seed("order", seed, epoch))
    order = list(range(len(lengths)))
    rng.shuffle(order)
    window = batch_size * WINDOW_BATCHES
    batches: list[list[int]] = []
    for start in range(0, len(order), window):
        rows = order[start : start + window]
        if by_length:
            rows.sort(key=lambda index: lengths[index])
        batches += [rows[at : at + batch_size] for at in range(0, len(rows), batch_size)]
    if by_length:
        rng.shuffle(batches)
    return batches


def batches_per_epoch(rows: int, batch_size: int) -> int:
    return -(-rows // batch_size)
