"""The model servers that answer on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lorastudio.ui.panes.endpoints.words import MACHINE
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.dot import SIZE_PX, Dot
from lorastudio.ui.widgets.labels import Dim, ElidedText, Figure
from lorastudio.ui.wording import counted

if TYPE_CHECKING:
    from lorastudio.endpoints.discovery import FoundServer

NONE = "No server answers at the usual places. Start Ollama, LM Studio, llama.cpp or vLLM, and look again."


class FoundCard(Card):
    """A line for each server that answered; "Use…" offers it for a role."""

    use_wanted = Signal(object)  # FoundServer

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(f"Found on {MACHINE}", parent=parent)
        self.setObjectName("endpoints.found")
        self._theme = theme
        self.said = Dim(wrap=True)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(8)
        self.body.addWidget(self.said)
        self.body.addLayout(self._lines)
        self.show_looking()

    def show_looking(self) -> None:
        self._clear()
        self.said.say("Looking at the usual places…")
        self.said.show()

    def show_found(self, servers: tuple[FoundServer, ...]) -> None:
        self._clear()
        self.said.say(NONE)
        self.said.setVisible(not servers)
        for server in servers:
            line = FoundLine(server, self._theme)
            line.use_wanted.connect(self.use_wanted)
            self._lines.addWidget(line)

    def show_unknown(self) -> None:
        """Looking was stopped or failed."""
        self._clear()
        self.said.say("Nobody has looked to the end. Find servers looks again.")
        self.said.show()

    def _clear(self) -> None:
        while (item := self._lines.takeAt(0)) is not None:
            item.widget().deleteLater()


class FoundLine(QWidget):
    """One server that answered."""

    use_wanted = Signal(object)

    def __init__(self, server: FoundServer, theme: Theme) -> None:
        super().__init__()
        self._server = server
        place = server.url.removeprefix("http://").removesuffix("/v1")
        models = "wants a key" if server.locked else counted(len(server.models), "model")
        self.setAccessibleName(f"{server.program} at {place}, {models}")
        self.setToolTip(", ".join(server.models))
        self.use_button = Button("Use…", f"endpoints.use.{place}", kind="small")
        self.use_button.setAccessibleName(f"Use {server.program}")
        self.use_button.clicked.connect(self._on_use)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(Dot(theme, "good"))
        row.addWidget(ElidedText(server.program), 1)
        row.addWidget(self.use_button)
        below = QHBoxLayout()
        below.setContentsMargins(SIZE_PX + 8, 0, 0, 0)
        below.addWidget(Figure(place.replace("127.0.0.1", "localhost"), kind="dim"))
        below.addStretch()
        below.addWidget(Dim(models))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addLayout(below)

    def _on_use(self) -> None:
        self.use_wanted.emit(self._server)
