"""One job given to a worker child: its messages, and its end as a result or an error."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import BugError, Cancelled, TrainingError
from lorastudio.processes.child import Child
from lorastudio.training.failures import WorkerEnd, recognise
from lorastudio.training.protocol import PROTOCOL

POLL_S = 0.1
HELLO_TIMEOUT_S = 120.0
CANCEL_TIMEOUT_S = 60.0
LOG_FILE = "worker.log"
KEPT = "What was saved is kept."


class Worker:
    """A worker child that takes one job after another. Use as a context manager."""

    def __init__(self, logs: Path | None = None) -> None:
        log = None
        if logs is not None:
            logs.mkdir(parents=True, exist_ok=True)
            log = logs / LOG_FILE
        self._child = Child("worker", log=log)
        try:
            self.hello = _await_hello(self._child)
        except BaseException:
            self._child.stop(0.0, 0.0)
            raise

    def run(self, job: dict[str, Any], cancel: CancelToken) -> Iterator[dict[str, Any]]:
        """Give the worker `job` and yield its messages; the last one is `done`.

        A wish of `cancel` to finish early is passed on; a job that can't do that passes it over.
        Raises `Cancelled` when the job stopped because `cancel` was set, `TrainingError` with plain words
        when the worker failed or died, `BugError` when it broke.
        """
        self._child.send({"type": "job", **job})
        phase = ""
        give_up_at: float | None = None
        told_to_finish = False
        while True:
            if cancel.finishing and not told_to_finish:
                told_to_finish = True
                self._child.finish()
            if cancel.cancelled and give_up_at is None:
                self._child.cancel()
                give_up_at = time.monotonic() + CANCEL_TIMEOUT_S
            if give_up_at is not None and time.monotonic() > give_up_at:
                self._child.kill()
            try:
                message = self._child.receive(POLL_S)
            except queue.Empty:
                continue
            if message is None:
                _raise_end(self._child, phase, cancel)
            kind = message.get("type")
            if kind == "phase":
                phase = str(message.get("name", ""))
            if kind == "failed":
                _raise_failure(message, phase)
            if kind == "cancelled":
                raise Cancelled
            yield message
            if kind == "done":
                return

    def result(self, job: dict[str, Any], cancel: CancelToken) -> dict[str, Any]:
        """Run `job` and return its `done` message."""
        last: dict[str, Any] = {}
        for message in self.run(job, cancel):
            last = message
        return last

    def stop(self) -> None:
        """End the child; a running job is stopped at its next safe point."""
        self._child.stop()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _await_hello(child: Child) -> dict[str, Any]:
    try:
        hello = child.receive(HELLO_TIMEOUT_S)
    except queue.Empty:
        raise TrainingError(f"The worker process did not start within {HELLO_TIMEOUT_S:.0f} s.") from None
    if hello is None:
        raise TrainingError(
            f"The worker process could not start: {child.explain_end()}",
            "Run `lorastudio doctor` to see what is missing.",
        )
    if hello.get("type") == "failed":
        _raise_failure(hello)
    if hello.get("protocol") != PROTOCOL:
        raise BugError(f"The worker speaks protocol {hello.get('protocol')}, this program {PROTOCOL}.")
    return hello


def _raise_end(child: Child, phase: str, cancel: CancelToken) -> NoReturn:
    cancel.check()
    _raise_recognised(WorkerEnd(child.returncode, child.last_words, phase))
    raise TrainingError(
        f"The worker process ended in the middle of its job: {child.explain_end()}",
        f"{KEPT} The work can be resumed.",
        resumable=True,
    )


def _raise_failure(message: dict[str, Any], phase: str = "") -> NoReturn:
    if message.get("known"):
        words = str(message.get("message", "")), str(message.get("hint", ""))
        raise TrainingError(*words, resumable=bool(message.get("resumable")))
    _raise_recognised(WorkerEnd(None, str(message.get("message", "")), phase))
    raise BugError(f"{message.get('message')}\n{message.get('traceback', '')}".strip())


def _raise_recognised(end: WorkerEnd) -> None:
    """Raise the error for an end of a known kind; return for any other."""
    failure = recognise(end)
    if failure is not None:
        raise TrainingError(
            failure.message,
            f"{failure.hint} {KEPT}",
            resumable=True,
            failure=failure.kind.value if failure.safer else "",
        )
