"""The gang: shares on their own, and exchanges between real processes that the real mlx.launch starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlx.utils import tree_unflatten

from lorastudio.worker.gang import ALONE, Gang
from tests.worker.gang_ranks import ODD_BITS, launch
from tests.worker.gang_steps import CASES, figures_of, step_of
from tests.worker.test_step import adapted, distance


@given(st.lists(st.integers(0, 900), max_size=40), st.integers(1, 6))
def test_shares_are_disjoint_cover_everything_and_are_even(costs: list[int], size: int) -> None:
    names = tuple(f"host {rank}" for rank in range(size))
    items = list(enumerate(costs))
    shares = [Gang(rank, names).share_of(items, lambda item: item[1]) for rank in range(size)]
    assert sorted(item for share in shares for item in share) == items
    assert all(share == sorted(share) for share in shares)  # in their order
    loads = [sum(max(cost, 1) for _, cost in share) for share in shares]
    assert max(loads) - min(loads) <= max([max(cost, 1) for cost in costs], default=0)


def test_fewer_rows_than_ranks_leave_some_without_work() -> None:
    shares = [Gang(rank, ("a", "b", "c")).share_of(["row"], len) for rank in range(3)]
    assert shares == [["row"], [], []]


def test_alone_nothing_is_exchanged() -> None:
    tree: Any = {"a": object()}
    assert ALONE.sum_tree(tree) is tree and ALONE.share_of([3, 1], abs) == [3, 1]
    assert ALONE.sum_scalars([1.5]) == [1.5] and ALONE.any(True) and not ALONE.any(False)
    assert ALONE.of_first(b"x") == b"x" and ALONE.is_first
    ALONE.require_same("The base model", "text", "")


def test_three_processes_meet_under_mlx_launch(tmp_path: Path) -> None:
    found, errors = launch("gang_ranks", "exchange", tmp_path, 3)
    assert len(found) == 3, errors
    files = {"deep/x.bin": 256, "empty.bin": 0}
    for rank in found:
        assert rank["tree"] == [[[6.0] * 3] * 2, [0.0, 3.0, 6.0, 9.0, 12.0], found[0]["tree"][2]]
        assert rank["dtypes"] == ["mlx.core.float32", "mlx.core.bfloat16"]
        assert rank["scalars"] == [3 * (2.0**40 + 1), 1.5] and rank["any"] == [True, False]
        assert rank["bytes"] == ["from 0", ""]
        assert rank["differs"] == "The base model on rank 1 is not the one on rank 0. Copy it."
        assert rank["files"] == files
        assert rank["bits"] == mx.array(ODD_BITS).view(mx.uint32).tolist()


@pytest.fixture(scope="module")
def steps_of_two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("two")
    found, errors = launch("gang_steps", "step", folder, 2)
    assert len(found) == 2, errors
    return folder, found


def test_two_processes_give_the_gradients_of_one(
    steps_of_two: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    """Uneven shares of every objective, replayed answers, and steps of fewer rows than processes."""
    folder, found = steps_of_two
    model = adapted("llama", layers=2)
    for number, (name, (objective, rows)) in enumerate(CASES.items()):
        alone = step_of(model, objective, rows, ALONE, tmp_path)
        for rank in range(2):
            theirs = tree_unflatten(list(mx.load(str(folder / f"{number}-{rank}.npz")).items()))
            assert distance(theirs, alone.gradients) <= 1e-6, name
            assert found[rank][name]["figures"] == pytest.approx(figures_of(alone), rel=1e-6), name


def test_every_rank_trains_the_same_rows(steps_of_two: tuple[Path, list[dict[str, Any]]]) -> None:
    """Not here: mlx-lm-lora 5.10.2 hands every rank the whole batch, so two hosts learn no faster than one."""
    _, found = steps_of_two
    for name, (_, rows) in CASES.items():
        shares = [found[rank][name]["ids"] for rank in range(2)]
        assert sorted(shares[0] + shares[1]) == [row.row_id for row in rows]
        assert len(rows) == 1 or all(shares)


def test_who_waits_in_vain_ends_with_last_words(tmp_path: Path) -> None:
    found, errors = launch("gang_ranks", "stuck", tmp_path, 2)
    assert found == [] and "The other processes of this run gave no sign for 0.3 s." in errors
