"""Settings of the window itself."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QComboBox, QDialog, QFormLayout, QHBoxLayout, QVBoxLayout, QWidget

from lorastudio.ui.theme import MODE_NAMES, MODES, Theme
from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.labels import Dim, Figure


class SettingsDialog(QDialog):
    """Every change counts at once."""

    def __init__(self, theme: Theme, home: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("settings")
        self.setWindowTitle("Settings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._theme = theme
        self._modes = QComboBox()
        self._modes.setObjectName("settings.appearance")
        self._modes.setAccessibleName("Appearance")
        for mode in MODES:
            self._modes.addItem(MODE_NAMES[mode], mode)
        self._modes.setCurrentIndex(MODES.index(theme.mode))
        self._modes.currentIndexChanged.connect(self._on_mode)
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(10)
        form.addRow(Dim("Appearance"), self._modes)
        place = Figure(str(home))
        place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        form.addRow(Dim("Library"), place)
        close = Button("Close", "settings.close")
        close.clicked.connect(self.close)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(16)
        column.addLayout(form)
        column.addLayout(row)

    @Slot(int)
    def _on_mode(self, index: int) -> None:
        self._theme.set_mode(self._modes.itemData(index))
