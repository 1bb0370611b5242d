"""Asking a server again while what went wrong may pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled, EndpointError
from lorastudio.endpoints.retry import RetryPolicy

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Retrying:
    """The server failed and is asked again after `wait_s`; what came so far is void."""

    attempt: int
    wait_s: float
    reason: str


def with_retries(once: Callable[[], Iterator[T]], policy: RetryPolicy, cancel: CancelToken) -> Iterator[T | Retrying]:
    """What `once` yields, from its start again after each failure that may pass, with a `Retrying` between.

    Raises the EndpointError that does not pass or comes in the last attempt, and Cancelled, also while waiting.
    """
    attempt = 1
    while True:
        try:
            yield from once()
            return
        except EndpointError as error:
            if not error.retryable or attempt >= policy.attempts:
                raise
            wait_s = policy.wait_s(attempt, error.retry_after_s)
            reason = error.message
        yield Retrying(attempt, wait_s, reason)
        if cancel.wait(wait_s):
            raise Cancelled
        attempt += 1
