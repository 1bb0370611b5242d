"""What can be done with runs, as actions of the menu with their buttons."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction

TRAIN_TIP = "Train a new version on the accepted pairs"
FILE_TIP = "Train a new version on a file alone; the pairs of the library stay untouched"


class Commands(QObject):
    """The actions of the pane; `allow` says which of them make sense now."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.train = self._action("Train", "train", TRAIN_TIP)
        self.train_file = self._action("Train on a file…", "train_file", FILE_TIP)
        self.check = self._action(
            "Check memory", "check", "How much memory this recipe takes, and what would take less"
        )
        self.pause = self._action("Pause", "pause", "Stop at the next step; the run can be resumed from there")
        self.keep = self._action("Stop and keep", "keep", "End the run here: what it has learnt becomes a version")
        self.resume = self._action("Resume", "resume", "Go on from the last checkpoint")
        self.safer = self._action("Resume in smaller pieces", "resume_safer", "Less memory, more time, the same result")
        self.discard = self._action("Discard…", "discard", "Give the run up: its checkpoints go, its curves stay")
        later = [self.pause, self.keep, self.resume, self.safer, self.discard]
        self.all = [self.train, self.train_file, self.check, *later]

    def allow_start(self, *, off: str, file_off: str, busy: bool, checking: bool, anyway: bool) -> None:
        """`off` is what keeps training off, empty for nothing, and `file_off` what keeps it off a file; `anyway`: it
        is known not to fit."""
        self.train.setText("Train anyway" if anyway else "Train")
        self.train.setToolTip(off or ("It may well run out of memory" if anyway else TRAIN_TIP))
        _allow(self.train, not off and not busy, not busy)
        self.train_file.setText("Train on a file anyway…" if anyway else "Train on a file…")
        self.train_file.setToolTip(file_off or FILE_TIP)
        _allow(self.train_file, not file_off and not busy, not busy)
        self.check.setText("Checking…" if checking else "Check memory")
        _allow(self.check, not off and not busy and not checking, not busy)

    def allow_end(self, *, busy: bool, stopping: bool, live: bool, can_resume: bool, safer: bool) -> None:
        """`live`: the running work has told of its run; the shown run `can_resume`, and `safer` after it died."""
        _allow(self.pause, busy and not stopping, busy)
        _allow(self.resume, can_resume, can_resume)
        _allow(self.safer, can_resume and safer, can_resume and safer)
        _allow(self.discard, can_resume or live, can_resume or busy)

    def allow_keep(self, enabled: bool, visible: bool) -> None:
        _allow(self.keep, enabled, visible)

    def _action(self, text: str, name: str, tip: str) -> QAction:
        action = QAction(text, self)
        action.setObjectName(f"training.{name}")
        action.setToolTip(tip)
        action.setEnabled(False)  # until the library is open
        return action


def _allow(action: QAction, enabled: bool, visible: bool) -> None:
    action.setEnabled(enabled)
    action.setVisible(visible)
