"""One line about what the last test of a server found."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from lorastudio.ui.panes.endpoints import words
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.labels import Dim

CHIPS_AT_MOST = 3


class TestRow(QWidget):
    """A chip of state, the figures or the server's own words, and at the right what the server can do."""

    __test__ = False  # no test of ours, whatever pytest thinks of the name

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = Chip("not tested")
        self.said = Dim(wrap=True)
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.abilities = [Chip() for _ in range(CHIPS_AT_MOST)]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.state, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.said, 1)
        for chip in self.abilities:
            row.addWidget(chip, 0, Qt.AlignmentFlag.AlignTop)

    def show_probe(self, probe: dict[str, Any] | None, *, testing: bool) -> None:
        """The record of a test, or None where there was none."""
        if testing:
            self._say("testing", "accent", "Asking it a few small things…")
        elif probe is None:
            self._say("not tested", "", "")
        elif error := probe.get("error"):
            self._say("test failed", "bad", str(error))
        else:
            self._say("ready", "good", words.found(probe))
        works = probe is not None and not testing and not probe.get("error")
        self._show_abilities(words.abilities(probe) if works and probe else [])
        at = str((probe or {}).get("probed_at", ""))
        self.setToolTip(f"Tested {words.moment(at)}" if at else "")

    def _say(self, state: str, kind: str, said: str) -> None:
        self.state.say(state, kind)
        self.said.say(said)
        self.setAccessibleName(f"{state}. {said}".strip())

    def _show_abilities(self, found: list[tuple[str, str]]) -> None:
        for index, chip in enumerate(self.abilities):
            chip.setVisible(index < len(found))
            if index < len(found):
                text, tip = found[index]
                chip.setText(text)
                chip.setToolTip(tip)
