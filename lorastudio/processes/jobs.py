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


class RunningJob:
    """A job that a worker child has begun. `next_message` until it is `done` or raises."""

    def __init__(self, child: Child, job: dict[str, Any], cancel: CancelToken) -> None:
        self._child = child
        self._cancel = cancel
        self._phase = ""
        self._told_to_finish = False
        self._give_up_at: float | None = None
        child.send({"type": "job", **job})

    def next_message(self, timeout_s: float) -> dict[str, Any] | None:
        """The worker's next message, or None when there is none yet; wishes of `cancel` are passed on.

        Raises `Cancelled` when the job stopped because `cancel` was set, `TrainingError` with plain words
        when the worker failed or died, `BugError` when it broke.
        """
        self._pass_on_wishes()
        try:
            message = self._child.receive(timeout_s)
        except queue.Empty:
            return None
        if message is None:
            _raise_end(self._child, self._phase, self._cancel)
        kind = message.get("type")
        if kind == "phase":
            self._phase = str(message.get("name", ""))
        if kind == "failed":
            _raise_failure(message, self._phase)
        if kind == "cancelled":
            raise Cancelled
        return message

    def _pass_on_wishes(self) -> None:
        if self._cancel.finishing and not self._told_to_finish:
            self._told_to_finish = True
            self._child.finish()
        if self._cancel.cancelled and self._give_up_at is None:
            self._child.cancel()
            self._give_up_at = time.monotonic() + CANCEL_TIMEOUT_S
        if self._give_up_at is not None and time.monotonic() > self._give_up_at:
            self._child.kill()


class Worker:
    """A worker child that takes one job after another. Use as a context manager."""

    def __init__(self, logs: Path | None = None) -> None:
        self._child = Child("worker", log=log_in(logs))
        try:
            self.hello = await_hello(self._child)
        except BaseException:
            self._child.stop(0.0, 0.0)
            raise

    def run(self, job: dict[str, Any], cancel: CancelToken) -> Iterator[dict[str, Any]]:
        """Give the worker `job` and yield its messages; the last one is `done`.

        A wish of `cancel` to finish early is passed on; a job that can't do that passes it over.
        Raises what `RunningJob.next_message` raises.
        """
        running = RunningJob(self._child, job, cancel)
        while True:
            message = running.next_message(POLL_S)
            if message is not None:
                yield message
                if message.get("type") == "done":
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


def log_in(logs: Path | None) -> Path | None:
    """The file that takes what workers write to stderr, in a folder that is made if it isn't there."""
    if logs is not None:
        logs.mkdir(parents=True, exist_ok=True)
    return logs and logs / LOG_FILE


def await_hello(child: Child) -> dict[str, Any]:
    """A new worker's first message; TrainingError when it does not come, BugError for another protocol."""
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
