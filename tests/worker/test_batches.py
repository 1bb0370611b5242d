from __future__ import annotations

import random

import pytest

from lorastudio.worker.batches import batches_per_epoch, epoch_batches

LENGTHS = random.Random(3).choices(range(5, 91), k=101)


@pytest.mark.parametrize("size", [1, 4, 7, 200])
def test_an_epoch_has_every_row_once(size: int) -> None:
    batches = epoch_batches(LENGTHS, size, seed=1, epoch=0)
    assert sorted(row for batch in batches for row in batch) == list(range(101))
    assert len(batches) == batches_per_epoch(101, size)
    assert all(1 <= len(batch) <= size for batch in batches)


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    first = epoch_batches(LENGTHS, 4, seed=1, epoch=0)
    assert first == epoch_batches(LENGTHS, 4, seed=1, epoch=0)
    assert first != epoch_batches(LENGTHS, 4, seed=1, epoch=1)
    assert first != epoch_batches(LENGTHS, 4, seed=2, epoch=0)


def test_rows_of_like_length_go_together() -> None:
    def padded_share(batches: list[list[int]]) -> float:
        real = sum(LENGTHS[row] for batch in batches for row in batch)
        return real / sum(len(batch) * max(LENGTHS[row] for row in batch) for batch in batches)

    unsorted = [list(range(at, min(at + 4, 101))) for at in range(0, 101, 4)]
    assert padded_share(epoch_batches(LENGTHS, 4, seed=1, epoch=0)) > 0.85 > padded_share(unsorted)


def test_packs_need_no_rows_of_like_length() -> None:
    batches = epoch_batches(LENGTHS, 4, seed=1, epoch=0, by_length=False)
    assert sorted(row for batch in batches for row in batch) == list(range(101))
    assert [len(batch) for batch in batches] == [4] * 25 + [1]
