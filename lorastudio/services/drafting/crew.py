"""Threads that work together and tell what they do through one queue."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.events import Event


class Crew:
    """Workers on threads of their own; `tell` may be called by any of them."""

    def __init__(self, name: str, cancel: CancelToken) -> None:
        """`cancel` is asked to stop when the last event was taken, when a worker fails, and at an early close."""
        self._name = name
        self._cancel = cancel
        # What a worker says: an event, an error that ends the work, or None when it has ended.
        self._said: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()

    def tell(self, event: Event) -> None:
        """Pass an event on to whoever runs the crew."""
        self._said.put(event)

    def run(self, workers: Sequence[Callable[[], None]]) -> Iterator[Event]:
        """All events until the last worker has ended; no thread outlives this. Raises what a worker raises."""
        threads = [
            threading.Thread(target=self._work, args=(worker,), name=f"{self._name}-{number}")
            for number, worker in enumerate(workers)
        ]
        for thread in threads:
            thread.start()
        try:
            working = len(threads)
            while working:
                said = self._said.get()
                if said is None:
                    working -= 1
                elif isinstance(said, BaseException):
                    raise said
                else:
                    yield said
        finally:
            self._cancel.cancel()
            for thread in threads:
                thread.join()

    def _work(self, worker: Callable[[], None]) -> None:
        try:
            worker()
        except BaseException as error:
            self._said.put(error)
        finally:
            self._said.put(None)
