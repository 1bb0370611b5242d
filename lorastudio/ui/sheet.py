"""A sheet over the window: asks or reports without stopping what runs below it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.labels import Dim, Heading

MARGIN_PX = 40


class Sheet(QWidget):
    """A veil over `window` with a panel in the middle: title, `body`, and a row of `buttons`.

    Escape closes it, as the first button does. It deletes itself once it is closed.
    """

    closed = Signal()

    def __init__(self, title: str, window: QWidget, *, width_px: int = 560, chip: Chip | None = None) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._width_px = width_px
        self._before: QWidget | None = None  # what had the focus, and gets it back
        self.panel = QFrame(self)
        self.panel.setObjectName("sheet")
        self.heading = Heading(title)
        self.body = QVBoxLayout()
        self.body.setSpacing(10)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(10)
        head = QHBoxLayout()
        head.addWidget(self.heading, 1)
        if chip is not None:
            head.addWidget(chip)
        column = QVBoxLayout(self.panel)
        column.setContentsMargins(20, 18, 20, 18)
        column.setSpacing(12)
        column.addLayout(head)
        column.addLayout(self.body)
        column.addLayout(self.buttons)
        window.installEventFilter(self)

    def add_words(self, text: str) -> Dim:
        """One more paragraph."""
        words = Dim(text, wrap=True)
        self.body.addWidget(words)
        return words

    def open(self, focus: Button | None = None) -> None:
        """Show the sheet; `focus` is the button that Return presses."""
        self._before = QApplication.focusWidget()
        self._place()
        self.show()
        self.raise_()
        if focus is not None:
            focus.setAutoDefault(True)
            focus.setFocus()
        else:
            self.setFocus()

    @Slot()
    def dismiss(self) -> None:
        """Close it."""
        self.parentWidget().removeEventFilter(self)
        if self._before is not None and isValid(self._before) and self.isAncestorOf(QApplication.focusWidget() or self):
            self._before.setFocus()
        self.closed.emit()
        self.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(self.focusWidget(), Button):
            self.focusWidget().click()

    def _place(self) -> None:
        area = self.parentWidget().rect()
        self.setGeometry(area)
        width = min(self._width_px, area.width() - 2 * MARGIN_PX)
        self.panel.setFixedWidth(width)
        layout = self.panel.layout()
        layout.activate()  # texts may have changed since
        wanted = layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else layout.totalSizeHint().height()
        height = min(wanted, area.height() - 2 * MARGIN_PX)
        self.panel.setFixedHeight(height)
        self.panel.move((area.width() - width) // 2, (area.height() - height) // 3)
