"""The log of the program's own faults: for reports, never for users to read on screen."""

from __future__ import annotations

import traceback
from pathlib import Path

from lorastudio.domain.clock import now
from lorastudio.domain.errors import KnownError
from lorastudio.paths import application_home

LOG_FILE = "lorastudio.log"


def record_failure(error: BaseException) -> Path | None:
    """Append the traceback to the log; returns the log's place, None where it can't be written."""
    text = "".join(traceback.format_exception(error))
    try:
        place = application_home() / "logs" / LOG_FILE
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(f"--- {now()}\n{text}")
    except (OSError, KnownError):
        return None
    return place
