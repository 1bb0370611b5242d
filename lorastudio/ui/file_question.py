"""Asking for one file that is there, without stopping what runs below."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QFileDialog, QWidget


def ask_for_file(parent: QWidget, title: str, kinds: str, chosen: Callable[[str], None]) -> None:
    """`kinds` as in a name filter of Qt; `chosen` is a slot and gets the path, nothing when the person cancels."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilter(kinds)
    dialog.fileSelected.connect(chosen)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
