"""Driving a worker child in tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lorastudio.processes.child import Child

ENDINGS = ("done", "failed", "cancelled")
WAIT_S = 60.0


def run_job(
    child: Child, *, on_message: Callable[[dict[str, Any]], None] | None = None, **order: Any
) -> dict[str, Any]:
    """Send one job and return its last message; every message goes to `on_message` first."""
    child.send(
        {"type": "job"} | {key: str(value) if isinstance(value, Path) else value for key, value in order.items()}
    )
    while True:
        message = child.receive(WAIT_S)
        assert message is not None, child.last_words
        if on_message is not None:
            on_message(message)
        if message["type"] in ENDINGS:
            return message
