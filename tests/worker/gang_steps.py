"""A step computed by one rank of several: `python -m tests.worker.gang_steps step FOLDER` under mlx.launch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten

from lorastudio.domain.cancel import CancelToken
from lorastudio.training.config import Objective
from lorastudio.worker.conversations import Encoded
from lorastudio.worker.gang import Gang
from lorastudio.worker.rows import TrainRow
from lorastudio.worker.step import Stepper, StepResult
from tests.worker.gang_ranks import main
from tests.worker.test_step import CONFIG, adapted, rows_for


@dataclass(frozen=True, slots=True)
class WatchedGang(Gang):
    """Remembers what it was given to compute."""

    shares: list[list[Any]] = field(default_factory=list)

    def share_of(self, items: Sequence[Any], cost: Callable[[Any], int]) -> list[Any]:
        share = Gang.share_of(self, items, cost)
        self.shares.append(share)
        return share


REPLAY = (Encoded((5, 6, 7), (8, 9)), Encoded((7, 5), (11, 12, 13)))


CASES = {objective.value: (objective, rows_for(objective)) for objective in Objective} | {
    f"{objective.value}, one row": (objective, rows_for(objective)[:1]) for objective in (Objective.SFT, Objective.KTO)
}


def step_of(model: Any, objective: Objective, rows: list[TrainRow], gang: Gang, scratch: Path) -> StepResult:
    """A step with replayed answers."""
    config = replace(CONFIG, objective=objective, tokens_per_pass=60)
    stepper = Stepper.on(model, config, rows, (), REPLAY, gang)
    stepper.prepare(scratch, CancelToken(), lambda done, of: None)
    result = stepper.gradients(rows, REPLAY, seed=3)
    stepper.close()
    return result


def step(gang: Gang, folder: Path) -> dict[str, Any]:
    """A step of every case: figures in the answer, gradients in files."""
    found: dict[str, Any] = {}
    model, scratch = adapted("llama", layers=2), folder / f"scratch-{gang.rank}"
    scratch.mkdir()
    for number, (name, (objective, rows)) in enumerate(CASES.items()):
        watched = WatchedGang(gang.rank, gang.names, gang.group)
        result = step_of(model, objective, rows, watched, scratch)
        mx.savez(str(folder / f"{number}-{gang.rank}.npz"), **dict(tree_flatten(result.gradients)))
        found[name] = {
            "ids": [row.row_id for share in watched.shares for row in share if isinstance(row, TrainRow)],
            "figures": figures_of(result),
        }
    return found


def figures_of(result: StepResult) -> list[float]:
    return [result.loss.item(), result.correct.item(), result.margin.item(), result.pairs, result.tokens]


if __name__ == "__main__":
    main({"step": step})
