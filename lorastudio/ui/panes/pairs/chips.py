"""Chips in as many lines as they need."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QSizePolicy, QWidget

from lorastudio.ui.panes.pairs.flow import FlowLayout
from lorastudio.ui.widgets.chip import Chip


class ChipFlow(QWidget):
    """Shows (text, kind, tooltip) as chips."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._flow = FlowLayout(self)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_chips(self, chips: Iterable[tuple[str, str, str]]) -> None:
        """Replace what is shown."""
        while (item := self._flow.takeAt(0)) is not None:
            item.widget().hide()
            item.widget().deleteLater()
        for text, kind, tip in chips:
            chip = Chip(text, kind)
            chip.setToolTip(tip)
            self._flow.addWidget(chip)
        self.updateGeometry()

    def texts(self) -> list[str]:
        """What is shown."""
        return [self._flow.itemAt(index).widget().text() for index in range(self._flow.count())]
