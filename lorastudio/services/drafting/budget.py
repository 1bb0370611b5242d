"""What a cycle may spend. Each call takes what it could cost at most before it leaves, so that a cap holds."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import KnownError

_SLICE_S = 0.1


class BudgetUsedUp(KnownError):
    """A call did not leave: with it the cycle could spend more than it may."""

    def __init__(self) -> None:
        super().__init__("The cycle's budget is used up.", "A new cycle with a larger one can go on.")


@dataclass(frozen=True, slots=True)
class Spending:
    """Tokens read and written, and US dollars."""

    tokens: int = 0
    usd: float = 0.0

    def __add__(self, other: Spending) -> Spending:
        return Spending(self.tokens + other.tokens, self.usd + other.usd)

    def __sub__(self, other: Spending) -> Spending:
        return Spending(self.tokens - other.tokens, self.usd - other.usd)


class Caps(Protocol):
    """What may be spent at most; None: as much as it takes."""

    @property
    def budget_tokens(self) -> int | None: ...
    @property
    def budget_usd(self) -> float | None: ...
    @property
    def budget_s(self) -> float | None: ...


class Budget:
    """Tokens, dollars and seconds of a cycle or a verification; safe to use from several threads.

    Without limits it is never used up.
    Tokens and dollars can only exceed their cap by what a server writes beyond the limit it was given, or by a
    call that fails on its way and is repeated. Time ends what has not left yet.
    """

    def __init__(self, caps: Caps, used: Spending) -> None:
        self._tokens = caps.budget_tokens
        self._usd = caps.budget_usd
        self._seconds = caps.budget_s
        self._used = used
        self._promised = Spending()
        self._started = time.monotonic()
        self._changed = threading.Condition()

    @contextmanager
    def promised(self, most: Spending, cancel: CancelToken) -> Iterator[None]:
        """Keep `most` free for a call while it runs; waits while only other calls' promises stand in the way.

        Raises `BudgetUsedUp` when the call can't be paid for, and `Cancelled`.
        """
        with self._changed:
            while not self._allows(self._used + self._promised + most):
                if self._promised == Spending() or not self._allows(self._used + most):
                    raise BudgetUsedUp
                self._changed.wait(_SLICE_S)
                cancel.check()
            self._promised += most
        try:
            yield
        finally:
            with self._changed:
                self._promised -= most
                if not self._promised.tokens:
                    self._promised = Spending()  # sums of dollars leave rounding behind
                self._changed.notify_all()

    def spend(self, spent: Spending) -> None:
        """Count what one call came to."""
        with self._changed:
            self._used += spent

    @property
    def elapsed_s(self) -> float:
        """Seconds since drafting began or was taken up again."""
        return time.monotonic() - self._started

    def _allows(self, total: Spending) -> bool:
        if self._seconds is not None and self.elapsed_s >= self._seconds:
            return False
        if self._tokens is not None and total.tokens > self._tokens:
            return False
        return self._usd is None or total.usd <= self._usd
