"""Long work: a service's generator on a thread of its own, its events in batches on the GUI thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Literal

from PySide6.QtCore import QObject, QThread, QTimer, Signal, Slot

from lorastudio.bridge.failures import in_plain_words
from lorastudio.bridge.telling import Progress, Telling
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.clock import now
from lorastudio.domain.errors import Cancelled, KnownError
from lorastudio.domain.events import Event

BATCH_MS = 33

State = Literal["running", "done", "failed", "stopped"]


class _Outbox:
    """Events from the worker's thread to the GUI's; says once, when it is no longer empty, that it wants emptying."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._awake = False

    def put(self, event: Event) -> bool:
        """Add an event; True when the reader has to be woken."""
        with self._lock:
            self._events.append(event)
            wake, self._awake = not self._awake, True
            return wake

    def take(self) -> tuple[Event, ...]:
        """Everything so far; when there is nothing the reader may sleep until it is woken."""
        with self._lock:
            taken, self._events = tuple(self._events), []
            self._awake = bool(taken)
            return taken


class _Runner(QThread):
    """Runs the generator to its end; never raises."""

    woken = Signal()

    def __init__(self, make: Callable[[], Iterator[Event]], outbox: _Outbox) -> None:
        super().__init__()
        self._make = make
        self._outbox = outbox
        self.error: KnownError | None = None

    def run(self) -> None:
        try:
            for event in self._make():
                if self._outbox.put(event):
                    self.woken.emit()
        except BaseException as error:
            self.error = in_plain_words(error)


class Job(QObject):
    """One piece of long work, from its start to its end; lives on the GUI thread.

    `error` is set once the state is "failed". `telling` holds the line of words, the progress and the warnings,
    and is up to date when `events` is emitted.
    """

    events = Signal(object)  # tuple[Event, ...], at most every 33 ms
    ended = Signal(object)  # the job itself

    def __init__(
        self, kind: str, title: str, make: Callable[[], Iterator[Event]], cancel: CancelToken, parent: QObject
    ) -> None:
        super().__init__(parent)
        self.kind = kind
        self.title = title
        self.state: State = "running"
        self.error: KnownError | None = None
        self.started_at = now()
        self.ended_at = ""
        self.telling = Telling()
        self._cancel = cancel
        self._outbox = _Outbox()
        self._pause = QTimer(self, singleShot=True, interval=BATCH_MS)
        self._pause.timeout.connect(self._deliver)
        self._runner = _Runner(make, self._outbox)
        self._runner.woken.connect(self._on_woken)
        self._runner.finished.connect(self._on_finished)

    @property
    def progress(self) -> Progress | None:
        return self.telling.progress

    @property
    def stopping(self) -> bool:
        """Somebody asked it to stop, and it has not ended yet."""
        return self.state == "running" and self._cancel.cancelled

    @property
    def finishing(self) -> bool:
        """Somebody asked it to end early and keep its result, and it has not ended yet."""
        return self.state == "running" and self._cancel.finishing

    def start(self) -> None:
        """For the backend."""
        self._runner.start()

    def stop(self) -> None:
        """Ask it to stop at its next safe point; what is finished is kept."""
        self._cancel.cancel()

    def finish(self) -> None:
        """Ask what it is at now to end early and keep its result; only training can, other work goes on."""
        self._cancel.finish()

    def wait(self, limit_ms: int) -> bool:
        """Wait for the thread's end without the event loop, at the program's end; False when it took too long."""
        return self._runner.wait(limit_ms)

    @Slot()
    def _on_woken(self) -> None:
        if not self._pause.isActive():
            self._deliver()

    @Slot()
    def _deliver(self) -> None:
        batch = self._outbox.take()
        if not batch:
            return
        self._pause.start()
        self._tell(batch)

    def _tell(self, batch: tuple[Event, ...]) -> None:
        for event in batch:
            self.telling.hear(event)
        self.events.emit(batch)

    @Slot()
    def _on_finished(self) -> None:
        self._runner.wait()  # `finished` is emitted on the thread itself, a moment before it ends
        self._pause.stop()
        if rest := self._outbox.take():
            self._tell(rest)
        self.ended_at = now()
        error = self._runner.error
        if isinstance(error, Cancelled) or (error is None and self._cancel.cancelled):
            self.state = "stopped"
        elif error is not None:
            self.state, self.error = "failed", error
        else:
            self.state = "done"
        self.ended.emit(self)
