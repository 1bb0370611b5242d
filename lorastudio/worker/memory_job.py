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
    padded = config.execution is Execution.PADDED or isinstance(anatomy_of(base.model), Unpackable)
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
            "Choose a smaller or 4-bit base model, fewer layers or a shorter length; --anyway tries in spite of it.",
        )
    return replace(config, tokens_per_pass=plan.tokens_per_pass)


def step_sizes(rows: Sequence[TrainRow], config: TrainConfig, *, padded: bool) -> StepSizes:
    """The largest row, and a step of as many of the largest as one holds; replayed answers count as mean rows."""
    sizes = sorted((_row_size(row) for row in rows), key=lambda size: size.tokens)
    heaviest = sizes[-config.rows_per_step :]
    mean = _sum(sizes).scaled(config.replay_per_step / len(sizes))
    if not padded:
        return StepSizes(sizes[-1], _sum([*heaviest, mean]), _sum(sizes).tokens)
    longest = max(rows, key=len)
    width = -(-len(longest) // PAD_MULTIPLE) * PAD_MULTIPLE
    answers = sum(answer is not None for answer in (longest.good, longest.bad))
    widened = [_padded(size, answers, width) for size in heaviest]
    return StepSizes(_padded(sizes[-1], answers, width), _sum([*widened, mean]), _sum(sizes).tokens, padded=True)


def _row_size(row: TrainRow) -> PassSize:
    """A row by itself, packed: its answers with what they share once."""
    answers = [answer for answer in (row.good, row.bad) if answer is not None]
    forest = grow_forest([answer.ids for answer in answers])
    attended = sum(_attended(node.position, len(node.tokens)) for node in forest.nodes)
    return PassSize(forest.tokens, forest.tokens, sum(len(answer.answer) for answer in answers), attended)


def _attended(position: int, rows: int) -> int:
    """Scores made for `rows` queries from `position` on, each piece of them up to its own end."""
    starts = range(0, rows, QUERY_ROWS)
    return sum((min(start + QUERY_ROWS, rows) - start) * (position + min(start + QUERY_ROWS, rows)) for start in starts)


def _padded(size: PassSize, answers: int, width: int) -> PassSize:
    return PassSize(size.tokens, answers * width, size.scored, answers * width * width)


def _sum(sizes: Sequence[PassSize]) -> PassSize:
    return PassSize(
        sum(size.tokens for size in sizes),
        sum(size.cells for size in sizes),
        sum(size.scored for size in sizes),
        sum(size.attended for size in sizes),
    )
