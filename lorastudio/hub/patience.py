"""Trying again after failures that may pass."""

from __future__ import annotations

from collections.abc import Iterator

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import EndpointError
from lorastudio.domain.events import Warned
from lorastudio.endpoints.retry import RetryPolicy

# Shorter waits are nobody's concern.
WORTH_SAYING_S = 5.0


class Patience:
    """Counts failures in a row, and waits after each as `policy` says."""

    def __init__(self, policy: RetryPolicy, cancel: CancelToken) -> None:
        self._policy = policy
        self._cancel = cancel
        self._failures = 0

    def renew(self) -> None:
        """Something was achieved: count from the beginning."""
        self._failures = 0

    def after(self, error: EndpointError) -> Iterator[Warned]:
        """Wait before the next attempt; raises `error` where there is no sense in one, and `Cancelled`."""
        self._failures += 1
        if not error.retryable or self._failures >= self._policy.attempts:
            raise error
        wait_s = self._policy.wait_s(self._failures, error.retry_after_s)
        if wait_s >= WORTH_SAYING_S:
            yield Warned(f"{error.message} Trying again in {wait_s:.0f} s.")
        self._cancel.wait(wait_s)
        self._cancel.check()
