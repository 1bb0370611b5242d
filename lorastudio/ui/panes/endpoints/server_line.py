"""A server in two or three lines, with its buttons."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.confirm_button import ConfirmButton
from lorastudio.ui.widgets.labels import Dim, ElidedText


class ServerLine(QWidget):
    """Name and address, a chip of state, and what can be done; `said` is what a test found, in a line of its own."""

    test_wanted = Signal(str)
    change_wanted = Signal(str)
    remove_wanted = Signal(str)

    def __init__(
        self,
        name: str,
        url: str,
        state: str,
        kind: str = "",
        said: str = "",
        *,
        tested: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.name = name
        self.setObjectName(f"endpoints.line.{name}")
        self.setAccessibleName(f"{name}, {url}, {state}. {said}")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(ElidedText(name), 1)
        row.addWidget(Chip(state, kind))
        self.test_button = Button("Test", f"endpoints.line.{name}.test", kind="small")
        self.test_button.setAccessibleName(f"Test {name}")
        self.test_button.setVisible(tested)
        self.test_button.clicked.connect(self._on_test)
        self.change_button = Button("Change…", f"endpoints.line.{name}.change", kind="small")
        self.change_button.setAccessibleName(f"Change {name}")
        self.change_button.clicked.connect(self._on_change)
        self.remove_button = ConfirmButton("Remove", "Really?", f"endpoints.line.{name}.remove", kind="small")
        self.remove_button.setAccessibleName(f"Remove {name}")
        self.remove_button.confirmed.connect(self._on_remove)
        column.addLayout(row)
        column.addWidget(Dim(url, wrap=True))
        if said:
            column.addWidget(Dim(said, wrap=True))
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.test_button, self.change_button, self.remove_button):
            buttons.addWidget(button)
        buttons.addStretch()
        column.addLayout(buttons)

    def _on_test(self) -> None:
        self.test_wanted.emit(self.name)

    def _on_change(self) -> None:
        self.change_wanted.emit(self.name)

    def _on_remove(self) -> None:
        self.remove_wanted.emit(self.name)
