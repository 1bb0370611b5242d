"""The teachers: servers that were added in that role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lorastudio.domain.endpoint import Role
from lorastudio.ui.panes.endpoints import words
from lorastudio.ui.panes.endpoints.server_line import ServerLine
from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.labels import Dim

if TYPE_CHECKING:
    from lorastudio.bridge.requests.endpoints import KnownEndpoint, SetUp


class TeachersCard(Card):
    """One line for each teacher."""

    test_wanted = Signal(str)
    change_wanted = Signal(str)
    remove_wanted = Signal(str)
    add_wanted = Signal(object)  # Role

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Teachers", parent=parent)
        self.setObjectName("endpoints.teachers")
        self.add_button = Button("Add…", "endpoints.teacher.add", kind="small")
        self.add_button.setAccessibleName("Add a teacher")
        self.add_button.clicked.connect(self._on_add)
        self.head.addStretch()
        self.head.addWidget(self.add_button)
        self.body.addWidget(
            Dim(
                "Stronger models: several of them answer the same question, and what a quorum agrees on is kept.",
                wrap=True,
            )
        )
        self._lines = QVBoxLayout()
        self._lines.setSpacing(8)
        self.body.addLayout(self._lines)

    def show_teachers(self, set_up: SetUp, tests: dict[str, dict[str, Any]], testing: set[str]) -> None:
        """See `RoleCard.show_role`."""
        while (item := self._lines.takeAt(0)) is not None:
            item.widget().deleteLater()
        for known in set_up.of_role[Role.TEACHER]:
            line = _line(known, tests.get(known.endpoint.name, known.probe), known.endpoint.name in testing)
            line.test_wanted.connect(self.test_wanted)
            line.change_wanted.connect(self.change_wanted)
            line.remove_wanted.connect(self.remove_wanted)
            self._lines.addWidget(line)

    def _on_add(self) -> None:
        self.add_wanted.emit(Role.TEACHER)


def _line(known: KnownEndpoint, probe: dict[str, Any] | None, testing: bool) -> ServerLine:
    name, url = known.endpoint.name, known.endpoint.url
    if testing:
        return ServerLine(name, url, "testing", "accent", tested=False)
    if probe is None:
        return ServerLine(name, url, "not tested")
    if error := probe.get("error"):
        return ServerLine(name, url, "test failed", "bad", str(error))
    return ServerLine(name, url, "ready", "good", words.found(probe))
