"""The sizes of real models and rows, and the plan of a real job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from mlx.utils import tree_flatten

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import TrainingError
from lorastudio.processes.jobs import Worker
from lorastudio.training.config import Execution, Objective, TrainConfig
from lorastudio.worker.adapters import choose_shape, with_fresh_adapter
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.conversations import Encoded
from lorastudio.worker.memory_job import step_sizes
from lorastudio.worker.model_shape import model_shape
from lorastudio.worker.packed_forward import QUERY_ROWS
from lorastudio.worker.rows import TrainRow
from tests.worker.conftest import make_rows
from tests.worker.train_orders import CONFIG, train_order

GB = 1_000_000_000


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as worker:
        yield worker


def pair(prompt: int, good: int, bad: int, seed: int = 0) -> TrainRow:
    ids = iter(range(1000 * seed, 10**9))
    asked = tuple(next(ids) for _ in range(prompt))
    answers = [Encoded(asked, tuple(next(ids) for _ in range(length))) for length in (good, bad)]
    return TrainRow(seed, *answers)


def test_the_shape_counts_what_an_adapter_really_gets(base: BaseModel) -> None:
    shape = model_shape(base.model, base.config)
    model = with_fresh_adapter(base, choose_shape(base, rank=4, scale=2.0, dropout=0.0, layers=1), 0)
    trained = sum(array.size for _, array in tree_flatten(model.trainable_parameters()))
    assert trained == 4 * shape.linear_sizes[-1]
    assert shape.weight_bytes == sum(array.nbytes for _, array in tree_flatten(base.model.parameters()))
    assert (shape.blocks, shape.item_bytes, shape.query_size, shape.key_size) == (2, mx.float32.size, 32, 16)


def test_a_pair_counts_its_prompt_once_and_attends_to_it_twice() -> None:
    sizes = step_sizes([pair(60, 40, 50), pair(20, 5, 5, seed=1)], TrainConfig(batch_size=1), padded=False)
    assert sizes.longest == sizes.heaviest
    assert (sizes.longest.tokens, sizes.longest.scored) == (150, 90)
    assert sizes.longest.attended == 60 * 60 + 40 * 100 + 50 * 110
    assert sizes.total_tokens == 180


def test_long_segments_attend_in_pieces() -> None:
    rows = 2 * QUERY_ROWS
    sizes = step_sizes([pair(20, rows - 20, 1)], TrainConfig(batch_size=1, objective=Objective.SFT), padded=False)
    assert sizes.longest.attended < rows * rows


def test_a_padded_step_counts_every_row_at_the_longest_ones_width() -> None:
    config = TrainConfig(batch_size=2, execution=Execution.PADDED)
    sizes = step_sizes([pair(100, 40, 58), pair(20, 5, 5, seed=1)], config, padded=True)
    assert (sizes.longest.cells, sizes.heaviest.cells) == (2 * 160, 4 * 160)
    assert sizes.heaviest.attended == 4 * 160 * 160


def test_the_plan_of_a_job_is_told_before_its_first_step(
    worker: Worker, tiny_path: Path, write_data: Callable[..., Path], tmp_path: Path
) -> None:
    order = ordered(tiny_path, write_data(make_rows(12)), tmp_path, {"total_bytes": 9 * GB, "budget_bytes": 8 * GB})
    alone = worker.result(order | {"job": "plan"}, CancelToken())
    messages = list(worker.run(order, CancelToken()))
    kinds = [message["type"] for message in messages]
    (plan,) = [message for message in messages if message["type"] == "plan"]
    assert kinds.index("plan") < kinds.index("step")
    assert (plan["verdict"], plan["tokens_per_pass"]) == ("fits", None)
    assert alone | {"type": "plan", "base_fingerprint": plan["base_fingerprint"]} == plan


def test_what_was_learnt_for_this_base_counts(
    worker: Worker, tiny_path: Path, write_data: Callable[..., Path], tmp_path: Path
) -> None:
    machine: dict[str, Any] = {"total_bytes": 9 * GB, "budget_bytes": 8 * GB}
    order = ordered(tiny_path, write_data(make_rows(12)), tmp_path, machine) | {"job": "plan"}
    fingerprint = worker.result({"job": "inspect", "base": str(tiny_path)}, CancelToken())["base_fingerprint"]
    order["memory"] = machine | {"corrections": {fingerprint: 1.5, "another": 9.0}}
    plan = worker.result(order, CancelToken())
    assert plan["total_bytes"] == round(1.5 * plan["estimate_bytes"])


def test_a_run_that_can_never_fit_is_refused_unless_it_is_wanted_anyway(
    worker: Worker, tiny_path: Path, write_data: Callable[..., Path], tmp_path: Path
) -> None:
    machine = {"total_bytes": 2000, "budget_bytes": 1000}
    order = ordered(tiny_path, write_data(make_rows(12)), tmp_path, machine)
    with pytest.raises(TrainingError, match=r"this machine has 2\.0 KB") as refused:
        worker.result(order, CancelToken())
    assert "--anyway" in refused.value.hint
    done = worker.result(order | {"memory": machine | {"anyway": True}}, CancelToken())
    assert done["type"] == "done"


def ordered(base: Path, data: Path, folder: Path, machine: dict[str, Any]) -> dict[str, Any]:
    order = train_order(base, data, folder, CONFIG)
    return {key: str(value) if isinstance(value, Path) else value for key, value in order.items()} | {"memory": machine}
