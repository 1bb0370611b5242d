"""What a cycle may spend."""

from __future__ import annotations

import threading
import time

from lorastudio.services.drafting.settings import DraftingSettings


class Budget:
    """Tokens and seconds of a cycle; safe to use from several threads. Without limits it is never used up."""

    def __init__(self, settings: DraftingSettings, used_tokens: int) -> None:
        self._tokens = settings.budget_tokens
        self._seconds = settings.budget_s
        self._used_tokens = used_tokens
        self._started = time.monotonic()
        self._lock = threading.Lock()

    def spend(self, tokens: int) -> None:
        """Count the tokens of one answer."""
        with self._lock:
            self._used_tokens += tokens

    @property
    def used_up(self) -> bool:
        if self._tokens is not None and self._used_tokens >= self._tokens:
            return True
        return self._seconds is not None and self.elapsed_s >= self._seconds

    @property
    def elapsed_s(self) -> float:
        """Seconds since drafting began or was taken up again."""
        return time.monotonic() - self._started
