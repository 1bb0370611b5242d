"""What every pane is: a title row, a bar for errors, and a body."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lorastudio.bridge.backend import Backend
from lorastudio.domain.errors import KnownError
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.error_bar import ErrorBar
from lorastudio.ui.widgets.title_row import TitleRow

OUTER_PX = 22
BETWEEN_CARDS_PX = 16


class Pane(QWidget):
    """One step of the loop. Built at its first show; `body` is the layout that a pane fills.

    A pane asks `backend` and refreshes on `backend.changed`. What it leaves out stays as it is here. The frame itself
    shows the errors of jobs, and imports files that are dropped.
    """

    name = ""  # "pairs": its object name, and what other panes say to go there
    title = ""  # "Pairs"

    count_changed = Signal()  # ask `count_text` again
    go_to = Signal(str)  # the name of another pane to show
    import_wanted = Signal()  # ask for files, and import them
    practice_wanted = Signal()  # start a practice loop

    def __init__(self, backend: Backend, theme: Theme) -> None:
        super().__init__()
        self.backend = backend
        self.theme = theme
        self.setObjectName(self.name)
        self.title_row = TitleRow(self.title)
        self.error_bar = ErrorBar(f"{self.name}.error")
        self.body = QVBoxLayout()
        self.body.setSpacing(BETWEEN_CARDS_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(OUTER_PX, 14, OUTER_PX, 16)
        column.setSpacing(12)
        column.addWidget(self.title_row)
        column.addWidget(self.error_bar)
        column.addLayout(self.body, 1)

    def actions(self) -> list[QAction]:
        """What can be done here, for the menu; made once, their buttons are `ActionButton`s."""
        return []

    def shown(self) -> None:
        """Called each time the pane comes to the front; read what is needed then, not in the constructor."""

    def count_text(self) -> str:
        """What stands at its right in the sidebar, empty to leave it to the frame's own figure."""
        return ""

    def run_action(self) -> QAction | None:
        """What Ctrl+Return presses."""
        return None

    def find(self) -> None:
        """Ctrl+F: go to the field that searches."""

    def take_files(self, paths: list[Path]) -> bool:
        """Files dropped while this pane is in front: True if it takes them, else they are imported as pairs."""
        return False

    def state(self) -> dict[str, Any]:
        """What comes back after a restart (splitters, selection, filters), as plain JSON."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` gave, maybe in an older version: every key may be missing."""

    @Slot(object)
    def show_error(self, error: KnownError) -> None:
        """For `failed=` of requests."""
        self.error_bar.show_error(error)
