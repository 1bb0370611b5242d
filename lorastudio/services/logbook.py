"""The log of the program's own faults: for reports, never for users to read on screen."""

from __future__ import annotations

import traceback
from pathlib import Path

from lorastudio.domain.clock import now
from lorastudio.paths import application_home

LOG_FILE = "lorastudio.log"


def record_failure(error: BaseException) -> Path:
    """Append the traceback to the log; returns the log's place."""
    folder = application_home() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / LOG_FILE
    text = "".join(traceback.format_exception(error))
    with place.open("a", encoding="utf-8") as log:
        log.write(f"--- {now()}\n{text}")
    return place
