"""The window's log file: Qt's messages, faults on any thread, and whatever a library writes to stderr."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from lorastudio.domain.clock import now

LOG_FILE = "window.log"
MOST_BYTES = 2_000_000


class WindowLog:
    """Open for the life of the process. Until `take_stderr`, a start that fails can still be told on stderr."""

    def __init__(self, home: Path) -> None:
        folder = home / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / LOG_FILE
        if self.path.exists() and self.path.stat().st_size > MOST_BYTES:
            self.path.replace(self.path.with_suffix(".old.log"))
        self._file = self.path.open("a", encoding="utf-8", buffering=1)

    def listen(self) -> None:
        """Take over Qt's messages and uncaught exceptions."""
        qInstallMessageHandler(self._on_message)
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception
        faulthandler.enable(self._file)

    def take_stderr(self) -> None:
        """From here nothing goes to stderr any more, also not what C libraries write there."""
        sys.stderr.flush()
        os.dup2(self._file.fileno(), 2)

    def write(self, words: str) -> None:
        """One entry."""
        self._file.write(f"{now()} {words}\n")

    def _on_message(self, kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
        self.write(f"Qt: {message}")
        if kind == QtMsgType.QtFatalMsg:
            sys.stderr.write(
                f"LoRA Studio can't open a window: no screen answers. `lorastudio demo` works without one. "
                f"The details are in {self.path}.\n"
            )
            sys.stderr.flush()
            os._exit(1)

    def _on_exception(self, kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        from lorastudio.bridge.failures import in_plain_words

        self.write(str(in_plain_words(error)))

    def _on_thread_exception(self, fault: threading.ExceptHookArgs) -> None:
        if fault.exc_value is not None:
            self._on_exception(fault.exc_type, fault.exc_value, fault.exc_traceback)
