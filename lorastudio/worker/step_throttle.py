"""Messages of a run on their way to the parent: steps that follow each other too fast travel together."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

Message = dict[str, Any]
Report = Callable[[Message], None]

# Ten a second look fluent to a person, and a step of a tiny model takes a millisecond.
PAUSE_S = 0.1


class StepThrottle:
    """A report that lets at most one `step` message through per `pause_s`.

    The steps that were held back come with the next one, under "earlier", oldest first: none is lost. Every other
    message goes through at once, after the steps before it. Use as a context manager: its end lets out the rest.
    """

    def __init__(self, report: Report, pause_s: float = PAUSE_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._report = report
        self._pause_s = pause_s
        self._clock = clock
        self._held: list[Message] = []
        self._last_s = -pause_s

    def __call__(self, message: Message) -> None:
        if message["type"] != "step":
            self.flush()
            self._report(message)
            return
        self._held.append(message)
        if self._clock() - self._last_s >= self._pause_s:
            self.flush()

    def flush(self) -> None:
        """Send what is held back."""
        if not self._held:
            return
        *earlier, newest = self._held
        self._held = []
        self._last_s = self._clock()
        self._report({**newest, "earlier": earlier} if earlier else newest)

    def __enter__(self) -> StepThrottle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()
