"""Cancellation: a token that long work looks at between its steps."""

from __future__ import annotations

import threading

from lorastudio.domain.errors import Cancelled


class CancelToken:
    """Asked from any thread, obeyed by the work at its next safe point."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop. Never blocks; may be called twice."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` when somebody asked to stop."""
        if self._event.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> bool:
        """Sleep for `seconds` or until cancelled; returns whether it was cancelled."""
        return self._event.wait(seconds)
