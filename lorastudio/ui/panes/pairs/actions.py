"""What can be done with a pair, and the buttons that print their keys."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence

from lorastudio.ui.widgets.buttons import Button

MARGINS_PX = (10, 4, 8, 4)  # five buttons stand beside each other in the smallest window


def key_action(parent: QObject, text: str, name: str, key: str, tip: str) -> QAction:
    """An action whose key works while the focus is inside the pane; held down, a key acts once."""
    action = QAction(text, parent)
    action.setObjectName(name)
    action.setToolTip(tip)
    if key:
        action.setShortcut(QKeySequence(key))
    action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    action.setAutoRepeat(False)
    return action


class KeyButton(Button):
    """Presses an action and prints the key, which is the action's or, where `key` is given, somebody else's."""

    def __init__(self, action: QAction, *, kind: str = "", key: str = "") -> None:
        printed = key or action.shortcut().toString()
        super().__init__(action.text(), action.objectName(), key=printed, kind=kind)
        # A key with two owners is ambiguous, and Qt then presses neither.
        self.setShortcut(QKeySequence())
        self.layout().setContentsMargins(*MARGINS_PX)
        self._action = action
        self.clicked.connect(action.trigger)
        action.changed.connect(self._on_action_changed)
        self._on_action_changed()

    def _on_action_changed(self) -> None:
        self.setText(self._action.text())
        self.setToolTip(self._action.toolTip())
        self.setEnabled(self._action.isEnabled())
        if self.isCheckable():
            self.setChecked(self._action.isChecked())
