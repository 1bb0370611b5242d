"""The window's one door to the services: short requests on the store's thread, long work as jobs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, QThread, Signal, Slot

from lorastudio.bridge.call import Call
from lorastudio.bridge.store_keeper import StoreKeeper
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.changes import Changes
from lorastudio.domain.errors import BugError, KnownError

if TYPE_CHECKING:
    from lorastudio.bridge.job import Job
    from lorastudio.domain.events import Event
    from lorastudio.services.servers import LocalServers
    from lorastudio.store.library import Library

T = TypeVar("T")
Make = Callable[..., "Iterator[Event]"]

CLOSE_LIMIT_S = 20.0
JOBS_LIMIT_S = 10.0


class Backend(QObject):
    """One per window, on the GUI thread; `close` must be called before it is dropped."""

    changed = Signal(object)  # Changes after every short write; an empty one, when anything may have changed, by jobs
    opened = Signal(object)  # list[str]: what had to be mended; the library is ready
    open_failed = Signal(object)  # KnownError
    failed = Signal(object)  # KnownError of a short request whose asker takes no errors
    job_started = Signal(object)  # Job
    job_ended = Signal(object)  # Job

    _open_wanted = Signal()
    _call_wanted = Signal(object)
    _close_wanted = Signal()

    def __init__(self, home: Path) -> None:
        super().__init__()
        self.home = home
        self.jobs: list[Job] = []  # running and ended ones, oldest first
        self.is_open = False
        self._early: list[Call] = []
        self._closing = False
        self._cancel = CancelToken()
        self._thread = QThread()
        self._thread.setObjectName("store")
        self._keeper = StoreKeeper(home)
        self._keeper.moveToThread(self._thread)
        self._open_wanted.connect(self._keeper.open)
        self._call_wanted.connect(self._keeper.run)
        self._close_wanted.connect(self._keeper.close)
        self._keeper.opened.connect(self._on_opened)
        self._keeper.open_failed.connect(self.open_failed)
        self._keeper.answered.connect(self._on_answered)

    def open(self) -> None:
        """Open the library, after the first frame; `opened` or `open_failed` follows, and this may be repeated."""
        if not self._thread.isRunning():
            self._thread.start()
        self._open_wanted.emit()

    def ask(
        self,
        request: Callable[..., T],
        *args: Any,
        answer: Callable[[T], None],
        failed: Callable[[KnownError], None] | None = None,
    ) -> None:
        """Run `request(library, *args)` on the store's thread; the answer comes on this one.

        Requests from before the library is open wait for it. Without `failed` the signal of that name tells.
        """
        self._send(Call(request, args, answer, failed, writes=False))

    def act(
        self,
        request: Callable[..., Changes],
        *args: Any,
        answer: Callable[[Changes], None] | None = None,
        failed: Callable[[KnownError], None] | None = None,
    ) -> None:
        """The same for a short write, which returns `Changes`; these are emitted as `changed`."""
        self._send(Call(request, args, answer, failed, writes=True))

    def start(self, kind: str, title: str, make: Make, *args: Any) -> Job:
        """Start long work: `make(library, servers, cancel, *args)` gives the generator, on the job's own thread."""
        if not self.is_open or self._closing:
            raise BugError(f"The library is not open, so {title!r} can't start.")
        from lorastudio.bridge.job import Job  # brings all events with it, which the first frame can do without

        cancel = self._cancel.child()
        job = Job(kind, title, partial(self._generate, make, cancel, args), cancel, self)
        job.events.connect(self._on_events)
        job.ended.connect(self._on_ended)
        self.jobs.append(job)
        job.start()
        self.job_started.emit(job)
        return job

    @property
    def address(self) -> str:
        """Where the live version answers at this moment, like "127.0.0.1:4711/v1"; empty while nothing serves."""
        servers = self._keeper.servers
        url = None if servers is None else servers.engine_url
        return "" if url is None else f"{url.partition('://')[2]}/v1"

    def running(self, kind: str | None = None) -> list[Job]:
        """The jobs that have not ended, of one kind or of all."""
        return [job for job in self.jobs if job.state == "running" and kind in (None, job.kind)]

    def stop_jobs(self) -> None:
        """Ask all running work to stop and keep what it has."""
        for job in self.running():
            job.stop()

    def close(self) -> bool:
        """Stop everything, end the children and close the library, without the event loop.

        False when a thread outlived its limit; then the process must end at once, which ends the children too.
        """
        self._closing = True
        self._cancel.cancel()
        give_up_s = time.monotonic() + JOBS_LIMIT_S
        waits = [job.wait(max(0, int(1000 * (give_up_s - time.monotonic())))) for job in self.jobs]
        if not all(waits):
            return False
        if not self._thread.isRunning():
            return True
        self._close_wanted.emit()
        return self._thread.wait(int(1000 * CLOSE_LIMIT_S))

    def _send(self, call: Call) -> None:
        if self._closing:
            return
        if self.is_open:
            self._call_wanted.emit(call)
        else:
            self._early.append(call)

    def _generate(self, make: Make, cancel: CancelToken, args: tuple[Any, ...]) -> Iterator[Event]:
        """On the job's thread."""
        library: Library | None = self._keeper.library
        servers: LocalServers | None = self._keeper.servers
        yield from make(library, servers, cancel, *args)

    @Slot(object)
    def _on_opened(self, mended: list[str]) -> None:
        self.is_open = True
        self.opened.emit(mended)
        early, self._early = self._early, []
        for call in early:
            self._send(call)

    @Slot(object)
    def _on_answered(self, call: Call) -> None:
        if not call.deliver() and call.error is not None:
            self.failed.emit(call.error)
        if call.writes and isinstance(call.result, Changes):
            self.changed.emit(call.result)

    @Slot(object)
    def _on_events(self, _batch: tuple[Event, ...]) -> None:
        for job in self.running():
            if job.telling.milestone:
                job.telling.milestone = False
                self.changed.emit(Changes())

    @Slot(object)
    def _on_ended(self, job: Job) -> None:
        self.job_ended.emit(job)
        self.changed.emit(Changes())
