"""Cancellation: a token that long work looks at between its steps."""

from __future__ import annotations

import threading
import weakref

from lorastudio.domain.errors import Cancelled


class CancelToken:
    """Asked from any thread, obeyed by the work at its next safe point.

    Two things can be asked: to stop (`cancel`), or to come to a good end early and keep the result (`finish`).
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._finish = threading.Event()
        self._children: weakref.WeakSet[CancelToken] = weakref.WeakSet()
        # Re-entrant: a signal handler may cancel while its own thread is inside `child`.
        self._lock = threading.RLock()

    def cancel(self) -> None:
        """Ask the work to stop. Never blocks for long; may be called twice."""
        with self._lock:
            self._event.set()
            children = list(self._children)
        for child in children:
            child.cancel()

    def finish(self) -> None:
        """Ask the work under way to end early and keep what it has; work that can't do that passes it over.

        Reaches the children that there are now. Work that begins later is not meant, and never hears of it.
        """
        with self._lock:
            self._finish.set()
            children = list(self._children)
        for child in children:
            child.finish()

    def child(self) -> CancelToken:
        """A token that is cancelled or finished with this one, and can be so alone."""
        child = CancelToken()
        with self._lock:
            self._children.add(child)
            if self._event.is_set():
                child.cancel()
        return child

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    @property
    def finishing(self) -> bool:
        return self._finish.is_set()

    def check(self) -> None:
        """Raise `Cancelled` when somebody asked to stop."""
        if self._event.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> bool:
        """Sleep for `seconds` or until cancelled; returns whether it was cancelled."""
        return self._event.wait(seconds)
