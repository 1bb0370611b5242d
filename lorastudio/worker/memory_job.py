"""The memory plan of a run: the sizes of its model and rows, measured here, and the rules of `training.memory_plan`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from lorastudio.domain.errors import TrainingError
from lorastudio.domain.sizes import size_in_words
from lorastudio.training.config import Execution, TrainConfig
from lorastudio.training.machine import MachineMemory, machine_memory
from lorastudio.training.memory_estimate import PassSize, StepSizes
from lorastudio.training.memory_plan import MemoryPlan, MemoryPlanner
from lorastudio.worker.anatomy import Unpackable, anatomy_of
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.forest import grow_forest
from lorastudio.worker.mismatch import answers_of
from lorastudio.worker.model_shape import model_shape
from lorastudio.worker.packed_forward import QUERY_ROWS
from lorastudio.worker.padded_model import PAD_MULTIPLE
from lorastudio.worker.rows import TrainRow


@dataclass(frozen=True, slots=True)
class MemoryOrder:
    """The "memory" of an order: what the machine has, what was learnt by base, whether the run has begun and keeps its
    pass size, and whether to try in any case."""

    machine: MachineMemory
    corrections: Mapping[str, float] = field(default_factory=dict)
    settled: bool = False
    anyway: bool = False

    @classmethod
    def from_record(cls, record: Mapping[str, Any] | None) -> Self:
        """From an order's JSON; of this machine, with nothing learnt, where the order says nothing."""
        if record is None:
            return cls(machine_memory())
        machine = MachineMemory(int(record["total_bytes"]), int(record["budget_bytes"]))
        return cls(machine, record.get("corrections", {}), bool(record.get("settled")), bool(record.get("anyway")))


def plan_memory(base: BaseModel, rows: Sequence[TrainRow], config: TrainConfig, order: MemoryOrder) -> MemoryPlan:
    """The plan of a run over `rows`, of which there must be some."""
    demanded = config.execution in (Execution.PADDED, Execution.COMPILED)
    padded = demanded or isinstance(anatomy_of(base.model), Unpackable)
    planner = MemoryPlanner(
        shape=model_shape(base.model, base.config),
        sizes=step_sizes(rows, config, padded=padded),
        memory=order.machine,
        correction=order.corrections.get(base.fingerprint, 1.0),
        settled=order.settled,
    )
    return planner.plan(config)


def planned(
    base: BaseModel,
    rows: Sequence[TrainRow],
    config: TrainConfig,
    order: MemoryOrder,
    report: Callable[[dict[str, Any]], None],
) -> TrainConfig:
    """Report the plan; returns the settings with the plan's number of tokens a pass.

    TrainingError when the run can't fit this machine however it is cut, unless it is to be tried anyway.
    """
    plan = plan_memory(base, rows, config, order)
    report({"type": "plan", "base_fingerprint": base.fingerprint} | plan.as_record())
    if plan.impossible and not order.anyway:
        raise TrainingError(
            f"This run needs about {size_in_words(plan.least_bytes)} even in its smallest pieces; this machine has "
            f"{size_in_words(plan.memory.total_bytes)}.",
            "Choose a smaller or 4-bit base model, fewer layers or shorter rows. `lorastudio train --anyway` tries.",
        )
    return replace(config, tokens_per_pass=plan.tokens_per_pass)


def step_sizes(rows: Sequence[TrainRow], config: TrainConfig, *, padded: bool) -> StepSizes:
    """The largest row, and a step of as many of the largest as one holds; replayed answers count as mean rows."""
    largest = sorted(rows, key=lambda row: _packed([row]).tokens)
    together = largest[-config.rows_per_step :]
    longest, heaviest, every = _packed(largest[-1:]), _packed(together), _packed(rows)
    replayed = every.scaled(config.replay_per_step / len(rows))
    if not padded:
        return StepSizes(longest, heaviest.plus(replayed), every.tokens)
    width = -(-len(max(rows, key=len)) // PAD_MULTIPLE) * PAD_MULTIPLE
    longest, heaviest = _padded(longest, largest[-1:], width), _padded(heaviest, together, width)
    return StepSizes(longest, heaviest.plus(replayed), every.tokens, padded=True)


def _packed(rows: Sequence[TrainRow]) -> PassSize:
    """Rows in one pass without padding, what their answers share only once."""
    answers = [answer for row in rows for answer in answers_of(row)]
    forest = grow_forest([answer.ids for answer in answers])
    attended = sum(_attended(node.position, len(node.tokens)) for node in forest.nodes)
    return PassSize(forest.tokens, forest.tokens, sum(len(answer.answer) for answer in answers), attended)


def _padded(size: PassSize, rows: Sequence[TrainRow], width: int) -> PassSize:
    """The same rows with every answer at the width of the longest."""
    cells = sum(len(answers_of(row)) for row in rows) * width
    return replace(size, cells=cells, attended=cells * width)


def _attended(position: int, rows: int) -> int:
    """Scores made for `rows` queries from `position` on, each piece of them up to its own end."""
    starts = range(0, rows, QUERY_ROWS)
    return sum((min(start + QUERY_ROWS, rows) - start) * (position + min(start + QUERY_ROWS, rows)) for start in starts)
