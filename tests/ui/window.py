"""The real window in a test: opened as the program opens it, driven by keys, closed in order."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from lorastudio.bridge.backend import Backend
from lorastudio.ui.main_window import MainWindow
from lorastudio.ui.theme import Theme
from lorastudio.ui.window_state import WindowState

LIMIT_S = 60.0
PAUSE_MS = 10

W = TypeVar("W", bound=QWidget)


class OpenWindow:
    """Use as a context manager; inside, the library in `home` is open and the window is shown."""

    def __init__(self, home: Path) -> None:
        self.app = QApplication.instance() or QApplication([])
        state = WindowState.load(home)
        self.theme = Theme(self.app, state.theme)
        self.backend = Backend(home)
        self.window = MainWindow(self.backend, self.theme, state)
        self.window.first_frame.connect(self.backend.open)

    def __enter__(self) -> OpenWindow:
        self.window.show()
        self.window.activateWindow()  # a screen without a window manager gives the keys to nobody unasked
        self.until(self.window.isActiveWindow)
        self.until(lambda: self.backend.is_open)
        self.settle()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.window.close()
        closed = self.backend.close()
        for item in (self.window, self.theme, self.backend):
            item.deleteLater()
        self.app.setStyleSheet("")
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        assert closed

    def until(self, holds: Callable[[], object], limit_s: float = LIMIT_S) -> None:
        """Run the event loop until something holds."""
        give_up_s = time.monotonic() + limit_s
        while not holds():
            assert time.monotonic() < give_up_s, "it never happened"
            self.app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, PAUSE_MS)

    def settle(self) -> None:
        """Let the short requests that are under way be answered."""
        done: list[object] = []
        asker = _Asker(done)
        self.backend.ask(_nothing, answer=asker.take)
        self.until(lambda: done)
        asker.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    def find(self, kind: type[W], name: str) -> W:
        """The widget of that object name."""
        found = self.window.findChild(kind, name)
        assert found is not None, name
        return found

    def click(self, name: str) -> None:
        button = self.find(QWidget, name)
        assert button.isVisibleTo(self.window) and button.isEnabled(), name
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def menu(self, name: str) -> None:
        """Trigger the action of that name."""
        from PySide6.QtGui import QAction

        action = self.window.findChild(QAction, name)
        assert action is not None and action.isEnabled(), name
        action.trigger()


class _Asker(QWidget):
    def __init__(self, done: list[object]) -> None:
        super().__init__()
        self._done = done

    def take(self, answer: object) -> None:
        self._done.append(answer)


def _nothing(library: object) -> bool:
    return True
