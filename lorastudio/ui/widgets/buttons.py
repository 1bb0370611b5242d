"""Buttons, with the key that presses them printed on them."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from lorastudio.ui.widgets.labels import Text


class Key(Text):
    """A key, as it is printed on a button."""


class Button(QPushButton):
    """A button; with `key` ("A", "Space", "Ctrl+Return") the key is printed on it and is its shortcut in the window.

    Kinds: primary, good, danger, small, link. `name` is its object name, "pane.verb"; the text is what it is
    called by screen readers.
    """

    kind = ""

    def __init__(
        self, text: str, name: str = "", *, key: str = "", kind: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._caption: Text | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        if chosen := kind or self.kind:
            self.setProperty("kind", chosen)
        if key:
            self._add_key(key)
        self.setText(text)

    def setText(self, text: str) -> None:
        self.setAccessibleName(text)
        if self._caption is None:
            super().setText(text)
        else:
            self._caption.setText(text)
            self.updateGeometry()

    def text(self) -> str:
        return super().text() if self._caption is None else self._caption.text()

    def sizeHint(self) -> QSize:
        if self._caption is None:
            return super().sizeHint()
        inside = self.layout().sizeHint()
        return QSize(inside.width(), max(inside.height(), self.fontMetrics().height() + 12))

    def _add_key(self, key: str) -> None:
        sequence = QKeySequence(key)
        self.setShortcut(sequence)
        row = QHBoxLayout(self)
        row.setContentsMargins(13, 4, 11, 4)
        row.setSpacing(6)
        self._caption = Text(parent=self)
        printed = Key(printed_key(sequence), parent=self)
        for label in (self._caption, printed):
            row.addWidget(label)


class PrimaryButton(Button):
    """The one button that goes on; at most one in a pane."""

    kind = "primary"


class GoodButton(Button):
    """Accepts."""

    kind = "good"


class DangerButton(Button):
    """Stops, rejects or removes."""

    kind = "danger"


class ActionButton(Button):
    """Presses an action of the menus: takes its text, tooltip and whether it can be pressed now."""

    def __init__(self, action: QAction, *, kind: str = "", parent: QWidget | None = None) -> None:
        super().__init__(action.text(), action.objectName(), kind=kind, parent=parent)
        self._action = action
        action.changed.connect(self._on_action_changed)
        self.clicked.connect(action.trigger)
        self._on_action_changed()

    def _on_action_changed(self) -> None:
        self.setText(self._action.text())
        self.setEnabled(self._action.isEnabled())
        if self.parent() is not None:  # shown without one, it would be a window of its own
            self.setVisible(self._action.isVisible())
        keys = self._action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        tip = self._action.toolTip()
        self.setToolTip(f"{tip} ({keys})" if keys else tip)


def printed_key(sequence: QKeySequence) -> str:
    """A key as people know it from their keyboard."""
    text = sequence.toString(QKeySequence.SequenceFormat.NativeText)
    return text.replace("Return", "⏎").replace("Enter", "⏎")
