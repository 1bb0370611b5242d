"""What can be done with cycles, as actions of the menu with their buttons."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction


class Commands(QObject):
    """The actions of the pane; `allow` says which of them make sense now."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.add = self._action("Add questions…", "drafts.add", "Start a cycle of drafting")
        self.start = self._action("Start drafting…", "drafts.start", "See what it will take, then start (Ctrl+Return)")
        self.go_on = self._action("Go on", "drafts.go_on", "Go on where the cycle was left; what failed is tried again")
        self.leave = self._action("Leave it", "drafts.leave", "The cycle counts as finished; all it made stays")
        self.stop = self._action("Stop", "drafts.stop", "Stop and keep what is finished; it can be gone on with")
        self.all = [self.add, self.start, self.go_on, self.leave, self.stop]

    def allow(self, *, running: bool, stopping: bool, unfinished: bool, asking: bool, ready: bool) -> None:
        """`asking`: the form for questions is in front, and `ready` with something to start with."""
        self.add.setVisible(not asking and not (unfinished and not running))
        self.add.setEnabled(not running and not unfinished)
        self.add.setToolTip(
            "This cycle has to be finished or left first" if running or unfinished else "Start a cycle of drafting"
        )
        self.start.setVisible(asking)
        self.start.setEnabled(asking and ready and not running and not unfinished)
        for action in (self.go_on, self.leave):
            action.setVisible(unfinished and not running)
            action.setEnabled(unfinished and not running)
        self.stop.setVisible(running)
        self.stop.setEnabled(running and not stopping)
        self.stop.setText("Stopping…" if stopping else "Stop")

    def _action(self, text: str, name: str, tip: str) -> QAction:
        action = QAction(text, self)
        action.setObjectName(name)
        action.setToolTip(tip)
        action.setEnabled(False)  # until the library is open
        return action
