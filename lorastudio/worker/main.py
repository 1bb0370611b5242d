"""The worker process: takes one job after another from its parent and does each on this, MLX's only, thread."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled, KnownError
from lorastudio.processes.lifeline import Lifeline, failure
from lorastudio.training.protocol import PROTOCOL
from lorastudio.worker.base_model import BaseModel, BaseShelf
from lorastudio.worker.hello import hello
from lorastudio.worker.sample_jobs import run_sample, run_score
from lorastudio.worker.train_job import run_train

Report = Callable[[dict[str, Any]], None]
Job = Callable[[BaseModel, dict[str, Any], Report, CancelToken], dict[str, Any]]


def run_inspect(base: BaseModel, order: dict[str, Any], report: Report, cancel: CancelToken) -> dict[str, Any]:
    """What a base model is."""
    return base.describe()


def run_worker() -> int:
    """Serve jobs until the parent closes our stdin; returns the exit code."""
    lifeline = Lifeline()
    lifeline.send(hello())
    shelf = BaseShelf()
    jobs: dict[str, Job] = {"train": run_train, "sample": run_sample, "score": run_score, "inspect": run_inspect}
    while (order := lifeline.next_order()) is not None:
        if order.get("type") != "job":
            continue
        ending = _do(order, jobs, shelf, lifeline)
        # Before the answer, after which the parent may send, and cancel, another job.
        lifeline.cancel = CancelToken()
        lifeline.send(ending)
    return 0


def _do(order: dict[str, Any], jobs: dict[str, Job], shelf: BaseShelf, lifeline: Lifeline) -> dict[str, Any]:
    """Do one job; returns its `done`, `cancelled` or `failed` message."""
    try:
        job = jobs.get(str(order.get("job")))
        if job is None:
            raise KnownError(f"The worker knows no job {order.get('job')!r} in protocol {PROTOCOL}.")
        lifeline.send({"type": "phase", "name": "loading"})
        base = shelf.get(Path(order["base"]))
        return {"type": "done"} | job(base, order, lifeline.send, lifeline.cancel)
    except Cancelled as stop:
        return {"type": "cancelled", "message": stop.message}
    except KnownError as error:
        return failure(error, "")
    except Exception as error:  # the parent must hear of every end of a job
        text = traceback.format_exc()
        sys.stderr.write(text)
        return failure(error, text)
