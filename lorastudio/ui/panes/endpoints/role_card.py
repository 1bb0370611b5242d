"""One role: who has it, how it did in its last test, and what can be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QGridLayout, QLineEdit, QVBoxLayout, QWidget

from lorastudio.domain.endpoint import EndpointKind, Role
from lorastudio.ui.panes.endpoints.server_line import ServerLine
from lorastudio.ui.panes.endpoints.test_row import TestRow
from lorastudio.ui.panes.endpoints.words import MACHINE
from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.confirm_button import ConfirmButton
from lorastudio.ui.widgets.labels import Dim
from lorastudio.ui.widgets.title_row import StateLine
from lorastudio.ui.wording import version_name

if TYPE_CHECKING:
    from lorastudio.bridge.requests.endpoints import KnownEndpoint, SetUp

TITLES = {Role.WRITER: "Writer", Role.CRITIC: "Critic", Role.EMBEDDER: "Embeddings", Role.TEACHER: "Teachers"}
DOES = {
    Role.WRITER: "writes every draft",
    Role.CRITIC: "scores and criticises each draft",
    Role.EMBEDDER: "would find near-duplicates by their meaning",
}
NOBODY = {
    Role.WRITER: "Drafts need a writer: add the server of the model that writes.",
    Role.CRITIC: "Drafts need a critic: add the server of a model that judges them.",
    Role.EMBEDDER: f"None is needed: near-duplicates are found on {MACHINE}, by the words they share.",
}
UNUSED = f"Nothing asks it yet: near-duplicates are found on {MACHINE}, by the words they share."
ADD = {Role.WRITER: "Add a writer…", Role.CRITIC: "Add a critic…", Role.EMBEDDER: "Add…"}
LABEL_PX = 52


class RoleCard(Card):
    """Shows the endpoint that is used, and in lines below the others that have the same role."""

    test_wanted = Signal(str)  # the name of an endpoint
    change_wanted = Signal(str)
    remove_wanted = Signal(str)
    add_wanted = Signal(object)  # Role

    def __init__(self, role: Role, parent: QWidget | None = None) -> None:
        super().__init__(TITLES[role], parent=parent)
        self.role = role
        self.used: KnownEndpoint | None = None
        name = f"endpoints.{role.value}"
        self.setObjectName(name)
        self.origin = Chip("built in")
        self.test_button = Button("Test", f"{name}.test", kind="small")
        self.change_button = Button("Change…", f"{name}.change", kind="small")
        self.remove_button = ConfirmButton("Remove", "Really remove?", f"{name}.remove", kind="small")
        self.add_button = Button(ADD[role], f"{name}.add", kind="small")
        self.nobody = Dim(NOBODY[role], wrap=True)
        self.unused = Dim(UNUSED, wrap=True)
        self.fields = QWidget()
        self.test_row = TestRow()
        self._others = QVBoxLayout()
        self._build_head()
        self._build_fields(name)
        for widget in (self.nobody, self.fields, self.unused):
            self.body.addWidget(widget)
        self.body.addLayout(self._others)
        self.test_button.clicked.connect(self._on_test)
        self.change_button.clicked.connect(self._on_change)
        self.remove_button.confirmed.connect(self._on_remove)
        self.add_button.clicked.connect(self._on_add)

    def show_role(self, set_up: SetUp, tests: dict[str, dict[str, Any]], testing: set[str], own_address: str) -> None:
        """`tests` are the tests of this sitting by name, `testing` the names that are being tested, `own_address`
        where our own engine answers (empty: it does not run)."""
        known = set_up.of_role[self.role]
        self.used = known[-1] if known else None
        self.nobody.setVisible(self.used is None)
        self.add_button.setVisible(self.used is None)
        self.fields.setVisible(self.used is not None)
        self.test_button.setVisible(self.used is not None)
        self.unused.setVisible(self.used is not None and self.role is Role.EMBEDDER)
        self.origin.setVisible(self.used is not None and self.used.is_built_in)
        for button in (self.change_button, self.remove_button):
            button.setVisible(self.used is not None and not self.used.is_built_in)
        self._show_others(known[:-1])
        if self.used is not None:
            self._show_used(self.used, set_up, own_address)
            name = self.used.endpoint.name
            self.test_row.show_probe(tests.get(name, self.used.probe), testing=name in testing)
            self.test_button.setEnabled(name not in testing)

    def _show_used(self, used: KnownEndpoint, set_up: SetUp, own_address: str) -> None:
        endpoint = used.endpoint
        own = f"http://{own_address}" if own_address and endpoint.kind is EndpointKind.ENGINE else ""
        self.server.setText(endpoint.name)
        self.url.setText(endpoint.url or own or "starts when it is needed")
        self.model.setText(_model(used, set_up))
        for field in (self.server, self.url, self.model):
            field.setCursorPosition(0)
        self.test_button.setAccessibleName(f"Test {endpoint.name}")
        self.change_button.setAccessibleName(f"Change {endpoint.name}")
        self.remove_button.setAccessibleName(f"Remove {endpoint.name}")

    def _show_others(self, others: tuple[KnownEndpoint, ...]) -> None:
        while (item := self._others.takeAt(0)) is not None:
            item.widget().deleteLater()
        for other in others:
            line = ServerLine(other.endpoint.name, other.endpoint.url, "not in use", tested=False)
            line.change_wanted.connect(self.change_wanted)
            line.remove_wanted.connect(self.remove_wanted)
            self._others.addWidget(line)

    def _build_head(self) -> None:
        self.head.addWidget(StateLine(DOES[self.role]), 1)
        self.head.addWidget(self.origin)
        for button in (self.add_button, self.test_button, self.change_button, self.remove_button):
            self.head.addWidget(button)

    def _build_fields(self, name: str) -> None:
        self.server = _shown(f"{name}.server", f"{TITLES[self.role]}: server")
        self.url = _shown(f"{name}.url", f"{TITLES[self.role]}: address")
        self.model = _shown(f"{name}.model", f"{TITLES[self.role]}: model")
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(12)
        self.url.setFont(font)
        grid = QGridLayout(self.fields)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(10)
        for row, text in enumerate(("Server", "Model")):
            label = Dim(text)
            label.setFixedWidth(LABEL_PX)
            label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(label, row, 0)
        grid.addWidget(self.server, 0, 1)
        grid.addWidget(self.url, 0, 2)
        grid.addWidget(self.model, 1, 1, 1, 2)
        grid.addWidget(self.test_row, 2, 1, 1, 2)
        grid.setColumnStretch(1, 5)
        grid.setColumnStretch(2, 6)

    def _on_test(self) -> None:
        if self.used is not None:
            self.test_wanted.emit(self.used.endpoint.name)

    def _on_change(self) -> None:
        if self.used is not None:
            self.change_wanted.emit(self.used.endpoint.name)

    def _on_remove(self) -> None:
        if self.used is not None:
            self.remove_wanted.emit(self.used.endpoint.name)

    def _on_add(self) -> None:
        self.add_wanted.emit(self.role)


def _shown(name: str, accessible: str) -> QLineEdit:
    """A field that can be read and copied."""
    field = QLineEdit()
    field.setReadOnly(True)
    field.setObjectName(name)
    field.setAccessibleName(accessible)
    return field


def _model(used: KnownEndpoint, set_up: SetUp) -> str:
    if used.endpoint.kind is EndpointKind.ENGINE:
        base = "Practice model" if set_up.base == "practice" else set_up.base
        live = version_name(set_up.live) if set_up.live else "no version yet"
        return f"{base}, {live} (always the live version)"
    if used.endpoint.kind is EndpointKind.PRACTICE:
        return "Judges practice questions by their own rules"
    return used.endpoint.model or str((used.probe or {}).get("model") or "the first one that the server lists")
