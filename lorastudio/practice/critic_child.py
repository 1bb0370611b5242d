"""The practice critic as a child process: one order on stdin, then it serves until stdin closes.

The order is `{"type": "start", "manners": TEXT, "taste": TEXT, "token": TEXT|null, "port": int}`; all but the type
may be left out. It answers `{"type": "hello", "protocol": 1, "pid": int}` at once and
`{"type": "ready", "url": URL}` when it takes requests, or `failed`.
"""

from __future__ import annotations

import os
import traceback
from typing import Any

from starlette.applications import Starlette

from lorastudio.domain.errors import UsageError
from lorastudio.practice.hosting import hosted
from lorastudio.practice.manners import parse_manners
from lorastudio.practice.server import create_app
from lorastudio.practice.tastes import Taste
from lorastudio.processes.lifeline import Lifeline, failure
from lorastudio.training.protocol import PROTOCOL


def run_critic_child() -> int:
    """Serve as the parent orders; returns the exit code, 1 after a failure."""
    lifeline = Lifeline()
    lifeline.send({"type": "hello", "protocol": PROTOCOL, "pid": os.getpid()})
    order = lifeline.next_order()
    if order is None:
        return 0
    try:
        with hosted(_app(order), order.get("port") or 0) as url:
            lifeline.send({"type": "ready", "url": url})
            _wait_for_end(lifeline)
    except Exception as error:  # the last line of the child: the parent is told whatever went wrong
        lifeline.send(failure(error, traceback.format_exc()))
        _wait_for_end(lifeline)
        return 1
    return 0


def _wait_for_end(lifeline: Lifeline) -> None:
    """Return when the parent has closed our stdin; other orders mean nothing here."""
    while lifeline.next_order() is not None:
        continue


def _app(order: dict[str, Any]) -> Starlette:
    taste = order.get("taste") or Taste.HONEST
    if taste not in list(Taste):
        raise UsageError(f"The practice critic has no taste called “{taste}”.", f"It has {', '.join(Taste)}.")
    return create_app(parse_manners(order.get("manners") or ""), taste=Taste(taste), token=order.get("token"))
