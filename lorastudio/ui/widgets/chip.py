"""A chip: one or two words of state, in a colour that means it."""

from __future__ import annotations

from PySide6.QtWidgets import QSizePolicy, QWidget

from lorastudio.ui.widgets.labels import Text


class Chip(Text):
    """Kinds: good (live, ready), bad, warn (waiting, candidate), accent (chosen, running), "" (neutral)."""

    def __init__(self, text: str = "", kind: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, kind=kind, parent=parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
