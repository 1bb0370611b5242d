"""When and how long to wait before asking a server again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random

# 409 is what some servers answer while a model is being loaded or swapped.
RETRYABLE_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential waits with jitter: after attempt n between half and all of first_s · 2^(n-1), capped.

    `attempts` counts all tries. A server's own Retry-After is obeyed up to `asked_cap_s`.
    """

    attempts: int = 5
    first_s: float = 0.5
    cap_s: float = 20.0
    asked_cap_s: float = 60.0
    jitter: Random = field(default_factory=Random, repr=False, compare=False)

    def wait_s(self, attempt: int, asked_s: float | None) -> float:
        """Seconds to wait after failed attempt number `attempt` (from 1)."""
        backoff_s = min(self.cap_s, self.first_s * 2.0 ** (attempt - 1)) * self.jitter.uniform(0.5, 1.0)
        return backoff_s if asked_s is None else max(backoff_s, min(asked_s, self.asked_cap_s))


def parse_retry_after(header: str | None) -> float | None:
    """Seconds from a Retry-After header: a number or an HTTP date; None when absent or unreadable."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            moment = parsedate_to_datetime(header)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if seconds < float("inf") else None
