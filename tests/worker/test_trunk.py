from __future__ import annotations

from pathlib import Path

import mlx.core as mx
import pytest

from lorastudio.domain.errors import BugError
from lorastudio.worker.forest import grow_forest
from lorastudio.worker.trunk import TrunkStore

FOREST = grow_forest([[1, 2, 3, 4], [1, 2, 9], [7]], least_shared=1)


@pytest.mark.parametrize("dtype", [mx.float32, mx.float16, mx.bfloat16])
def test_rows_come_back_bit_for_bit_in_any_order(dtype: mx.Dtype, tmp_path: Path) -> None:
    store = TrunkStore.make(tmp_path, FOREST, 6, dtype)
    rows = [mx.random.normal((len(node.tokens), 6)).astype(dtype) for node in FOREST.nodes]
    for node in (2, 0, 3, 1):
        store.put(node, rows[node])
    store.put(0, mx.zeros_like(rows[0]))  # what is there stays
    got = store.get([1, 3, 0])
    assert got.dtype == dtype
    assert mx.array_equal(got[0], mx.concatenate([rows[1], rows[3], rows[0]]))
    assert store.has(range(4)) and not store.has([4])
    store.close()


def test_what_was_never_kept_is_not_made_up(tmp_path: Path) -> None:
    store = TrunkStore.make(tmp_path, FOREST, 6, mx.float32)
    with pytest.raises(BugError, match="not computed for 1 nodes"):
        store.get([0])


def test_the_file_has_no_name_and_ends_with_the_store(tmp_path: Path) -> None:
    before = open_files()
    store = TrunkStore.make(tmp_path, FOREST, 6, mx.float32)
    assert list(tmp_path.iterdir()) == []
    del store
    assert open_files() == before


def open_files() -> int:
    descriptors = Path("/proc/self/fd")
    return len(list(descriptors.iterdir())) if descriptors.is_dir() else 0
