"""The worker process: takes one job after another from its parent and does each on this, MLX's only, thread."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled, KnownError
from lorastudio.processes.lifeline import Lifeline, failure
from lorastudio.training.protocol import PROTOCOL
from lorastudio.worker.base_model import BaseModel, BaseShelf
from lorastudio.worker.gang import ALONE, Gang, join_ring
from lorastudio.worker.hello import hello
from lorastudio.worker.sample_jobs import run_sample, run_score
from lorastudio.worker.train_job import run_plan, run_train

Report = Callable[[dict[str, Any]], None]
Job = Callable[[BaseModel, dict[str, Any], Report, CancelToken], dict[str, Any]]


def run_inspect(base: BaseModel, order: dict[str, Any], report: Report, cancel: CancelToken) -> dict[str, Any]:
    """What a base model is."""
    return base.describe()


@dataclass
class Bench:
    """What lasts from one job to the next."""

    shelf: BaseShelf = field(default_factory=BaseShelf)
    gang: Gang = ALONE

    def job(self, name: str) -> Job:
        """The job of that name; KnownError when there is none."""
        jobs: dict[str, Job] = {
            "train": partial(run_train, gang=self.gang),
            "plan": run_plan,
            "sample": run_sample,
            "score": run_score,
            "inspect": run_inspect,
        }
        if name not in jobs:
            raise KnownError(f"The worker knows no job {name!r} in protocol {PROTOCOL}.")
        return jobs[name]

    def join(self, order: dict[str, Any]) -> None:
        """Become one of several workers that train together."""
        self.gang = join_ring(order["rank"], order["ring"], order["names"])


def run_worker() -> int:
    """Serve jobs until the parent closes our stdin; returns the exit code."""
    lifeline = Lifeline()
    lifeline.send(hello())
    bench = Bench()
    while (order := lifeline.next_order()) is not None:
        if order.get("type") != "job":
            continue
        ending = _do(order, bench, lifeline)
        # Before the answer, after which the parent may send, and cancel, another job.
        lifeline.cancel = CancelToken()
        lifeline.send(ending)
    return 0


def _do(order: dict[str, Any], bench: Bench, lifeline: Lifeline) -> dict[str, Any]:
    """Do one job; returns its `done`, `cancelled` or `failed` message."""
    try:
        if order.get("job") == "join":
            bench.join(order)
            return {"type": "done"}
        job = bench.job(str(order.get("job")))
        lifeline.send({"type": "phase", "name": "loading"})
        base = bench.shelf.get(Path(order["base"]))
        return {"type": "done"} | job(base, order, lifeline.send, lifeline.cancel)
    except Cancelled as stop:
        return {"type": "cancelled", "message": stop.message}
    except KnownError as error:
        return failure(error, "")
    except Exception as error:  # the parent must hear of every end of a job
        text = traceback.format_exc()
        sys.stderr.write(text)
        return failure(error, text)
