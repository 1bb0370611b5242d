"""Qt's event loop, run by hand."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEventLoop

LIMIT_S = 60.0


def run_until(holds: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    """Run the event loop until something holds."""
    give_up_s = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < give_up_s, "it never happened"
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 10)
