"""How the window starts and how it ends."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSocketNotifier, Signal, Slot
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from lorastudio.bridge.backend import Backend
from lorastudio.domain.errors import KnownError
from lorastudio.ui.hand_over import hand_over
from lorastudio.ui.icons import icon_file
from lorastudio.ui.main_window import MainWindow
from lorastudio.ui.single_instance import InstanceServer
from lorastudio.ui.theme import MODES, Theme
from lorastudio.ui.window_log import WindowLog
from lorastudio.ui.window_state import WindowState

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent

# A thread that computes gives the window its turn after so long; Python's own 5 ms add up over several threads.
SWITCH_INTERVAL_S = 0.001
# As an argument of Qt's own: `setStyle` would make PySide build all enums of QStyle before the first frame.
STYLE = ("-style", "fusion")


def run_window(home: Path, files: Sequence[Path]) -> int:
    """Open the window and stay until it is closed; returns the exit code."""
    log = WindowLog(home)
    log.listen()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    app = Application([*sys.argv[:1], *STYLE])
    state = WindowState.load(home)
    theme = Theme(app, next((mode for mode in MODES if mode == state.theme), "system"))
    backend = Backend(home)
    window = MainWindow(backend, theme, state)
    session = WindowSession(app, window, home, list(files))
    window.first_frame.connect(log.take_stderr)
    window.first_frame.connect(session.on_first_frame)
    window.show()
    code = app.exec()
    session.close()
    if not backend.close():
        log.write("Some work did not end within its limit; the process ends without it.")
        os._exit(code)  # the children see the end of their pipes, and the library is safe against any end
    window.deleteLater()
    return code


class Application(QApplication):
    """The application; on a Mac the Finder opens files by an event."""

    file_opened = Signal(object)  # list[Path]

    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self.setApplicationName("LoRA Studio")
        self.setApplicationDisplayName("LoRA Studio")
        self.setDesktopFileName("lorastudio")

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QFileOpenEvent) and event.file():
            self.file_opened.emit([Path(event.file())])
            return True
        return super().event(event)


class WindowSession(QObject):
    """What the process does around its window: the library after the first frame, other starts, signals."""

    def __init__(self, app: Application, window: MainWindow, home: Path, files: list[Path]) -> None:
        super().__init__(window)
        self._app = app
        self._window = window
        self._home = home
        self._files = files
        self._others = InstanceServer(home, self)
        self._others.called.connect(self._on_called)
        self._app.file_opened.connect(self._on_called)
        self._wake, self._woken = socket.socketpair()
        for end in (self._wake, self._woken):
            end.setblocking(False)
        self._notifier = QSocketNotifier(self._woken.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_signal)
        signal.set_wakeup_fd(self._wake.fileno())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _noted)
        window.backend.opened.connect(self._on_opened)
        window.backend.open_failed.connect(self._on_open_failed)

    @Slot()
    def on_first_frame(self) -> None:
        """The window is there: now the library may bring its libraries."""
        self._app.setWindowIcon(icon_file("app"))
        gc.freeze()
        gc.enable()
        self._others.listen()
        self._window.backend.open()

    def close(self) -> None:
        """Stop listening to other starts and to signals."""
        self._others.close()
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(-1)
        self._wake.close()
        self._woken.close()

    @Slot(object)
    def _on_called(self, files: list[Path]) -> None:
        self._window.bring_to_front()
        if self._window.backend.is_open:
            self._window.take_files(files)
        else:
            self._files += files

    @Slot(object)
    def _on_opened(self, _mended: list[str]) -> None:
        files, self._files = self._files, []
        self._window.take_files(files)

    @Slot(object)
    def _on_open_failed(self, error: KnownError) -> None:
        """Two windows started at the same moment: the one that came second gives way."""
        self._others.close()
        if hand_over(self._home, self._files):
            self._app.quit()
        else:
            self._others.listen()

    @Slot()
    def _on_signal(self) -> None:
        """SIGINT and SIGTERM: stop and keep, without asking."""
        self._woken.recv(64)
        self._window.quitter.stop_and_quit()


def _noted(_number: int, _frame: object) -> None:
    """The handler proper: the byte on the wake-up socket says it all."""
