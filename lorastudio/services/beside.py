"""A thread that writes to the library while this one computes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

# SQLite works without Python's lock and needs it back after each statement; a thread that computes hands it over only
# so often, and by default in steps as long as a statement takes.
_TURN_S = 0.0005


@contextmanager
def beside() -> Iterator[Executor]:
    """One thread; what it was given is finished when the block ends, however it ends."""
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(min(usual_s, _TURN_S))
    try:
        with ThreadPoolExecutor(1, thread_name_prefix="beside") as thread:
            yield thread
    finally:
        sys.setswitchinterval(usual_s)
