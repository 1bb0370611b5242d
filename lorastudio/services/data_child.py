"""Data work as a child process, so that it computes beside the window and not in its turn.

One order on stdin, `{"type": "import", "home": TEXT, "paths": [TEXT], "accept": bool}`. It answers
`{"type": "hello", "protocol": 1, "pid": int}` at once, then `{"type": "event", "record": {…}}` for every event, and
at last `done` or `failed`. The parent has the library open for writing and lends it.
"""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import Any

from lorastudio.domain.events import as_record
from lorastudio.processes.lifeline import Lifeline, failure
from lorastudio.services.importing import import_files
from lorastudio.store.library import Library
from lorastudio.training.protocol import PROTOCOL


def run_data_child() -> int:
    """Work as the parent orders; returns the exit code, 1 after a failure."""
    lifeline = Lifeline()
    lifeline.send({"type": "hello", "protocol": PROTOCOL, "pid": os.getpid()})
    order = lifeline.next_order()
    if order is None:
        return 0
    try:
        _import(order, lifeline)
    except Exception as error:  # the last line of the child: the parent is told whatever went wrong
        lifeline.send(failure(error, traceback.format_exc()))
        return 1
    lifeline.send({"type": "done"})
    return 0


def _import(order: dict[str, Any], lifeline: Lifeline) -> None:
    paths = [Path(path) for path in order["paths"]]
    with Library.open_lent(Path(order["home"])) as library:
        for event in import_files(library, paths, accept=order["accept"], cancel=lifeline.cancel):
            lifeline.send({"type": "event", "record": as_record(event)})
