"""The child's side of a process pair: JSON lines on stdout, orders on stdin, and stdin's end as lifeline.

A child never outlives its parent: the kernel closes the parent's end of the pipe even after kill -9, the
reader thread sees the end of the file, asks the work to stop, and after a grace ends the process.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from typing import Any, TextIO

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import KnownError, TrainingError

STOP_GRACE_S = 5.0
# Work gives way to the window (and to whatever else a person does): it takes the processor's time that is left.
NICENESS = 10


class Lifeline:
    """Owns the child's stdin and stdout, and lowers its priority.

    File descriptor 1 is duplicated for messages and then pointed at stderr, so that a stray print of any
    library can't break the protocol. `orders` receives every JSON object from the parent except
    `{"type": "cancel"}` and `{"type": "finish"}`, which are asked of `cancel`; None in the queue means that the
    parent is gone or closed the pipe.
    """

    def __init__(self) -> None:
        os.nice(NICENESS)
        self.cancel = CancelToken()
        self.orders: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._lock = threading.Lock()
        self._out = _claim_stdout()
        self._reader = threading.Thread(target=self._read, name="lifeline", daemon=True)
        self._reader.start()

    def send(self, message: dict[str, Any]) -> None:
        """Write one message as one line. A vanished parent is no error here: the reader ends the process."""
        line = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        with self._lock:
            try:
                self._out.write(line + "\n")
                self._out.flush()
            except (BrokenPipeError, ValueError):
                self.cancel.cancel()

    def next_order(self) -> dict[str, Any] | None:
        """The parent's next order; blocks; None when the parent closed the pipe."""
        return self.orders.get()

    def _read(self) -> None:
        # A file object of our own: the interpreter's end would wait for the lock of sys.stdin's, and abort.
        for line in os.fdopen(os.dup(0), "rb"):
            try:
                order = json.loads(line)
            except ValueError:
                sys.stderr.write("lifeline: ignored a line that is no JSON\n")
                continue
            if not isinstance(order, dict):
                continue
            if order.get("type") == "cancel":
                self.cancel.cancel()
            elif order.get("type") == "finish":
                self.cancel.finish()
            else:
                self.orders.put(order)
        self.cancel.cancel()
        self.orders.put(None)
        watchdog = threading.Timer(STOP_GRACE_S, os._exit, args=(1,))
        watchdog.daemon = True
        watchdog.start()


def failure(error: BaseException, traceback_text: str) -> dict[str, Any]:
    """The `failed` message for an exception: words for the user, and the traceback for the log."""
    known = isinstance(error, KnownError)
    return {
        "type": "failed",
        "known": known,
        "kind": type(error).__name__,
        "message": error.message if isinstance(error, KnownError) else f"{type(error).__name__}: {error}",
        "hint": error.hint if isinstance(error, KnownError) else "",
        "resumable": isinstance(error, TrainingError) and error.resumable,
        "traceback": "" if known else traceback_text,
    }


def _claim_stdout() -> TextIO:
    sys.stdout.flush()
    private = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(private, "w", encoding="utf-8", newline="\n")
