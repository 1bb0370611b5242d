"""The form for a new endpoint; it stands beside what is set up and blocks nothing."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLineEdit, QWidget

from lorastudio.bridge.requests.endpoints import NewEndpoint
from lorastudio.domain.endpoint import Role
from lorastudio.ui.widgets.buttons import Button, PrimaryButton
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.labels import Dim
from lorastudio.ui.widgets.number_field import NumberField

ROLES = {
    Role.WRITER: "Writer",
    Role.CRITIC: "Critic",
    Role.EMBEDDER: "Embeddings",
    Role.TEACHER: "Teacher",
}
NO_KEYCHAIN = (
    "This system has no keychain that lasts, and files never hold keys: only servers without a key can be added."
)


class EndpointForm(Card):
    """What a person types about a server. Enter adds, Esc puts the form away; nothing is checked here."""

    submitted = Signal(object)  # NewEndpoint
    put_away = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Add an endpoint", parent=parent)
        self.setObjectName("endpoints.form")
        self.role = QComboBox()
        for role, text in ROLES.items():
            self.role.addItem(text, role)
        self.name = QLineEdit(placeholderText="Your name for it")
        self.url = QLineEdit(placeholderText="localhost:11434")
        self.model = QComboBox(editable=True)
        self.model.setSizePolicy(self.name.sizePolicy())
        self.model.lineEdit().setPlaceholderText("The first one that it lists")
        self.model.lineEdit().setObjectName("endpoints.form.model.text")
        self.model.lineEdit().setAccessibleName("Model")
        self.key = QLineEdit(placeholderText="Only where the server asks for one")
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.concurrency = NumberField(1, 256, 4)
        self.concurrency.setToolTip("How many calls the server gets at once at most")
        self.keys_said = Dim(wrap=True)
        self.add_button = PrimaryButton("Add", "endpoints.form.add")
        self.cancel_button = Button("Cancel", "endpoints.form.cancel")
        self._build()
        self.add_button.clicked.connect(self._on_add)
        self.cancel_button.clicked.connect(self.put_away)
        for field in (self.name, self.url, self.key, self.model.lineEdit()):
            field.returnPressed.connect(self._on_add)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(self.put_away)

    def open_for(self, role: Role, *, name: str = "", url: str = "", models: Sequence[str] = ()) -> None:
        """Show the form with what is known already."""
        self.role.setCurrentIndex(self.role.findData(role))
        self.name.setText(name)
        self.url.setText(url)
        self.model.clear()
        self.model.addItems(list(models))
        self.model.setEditText(models[0] if models else "")
        self.key.clear()
        self.show()
        self.name.setFocus()
        self.name.selectAll()

    def show_keychain(self, place: str, *, lasts: bool) -> None:
        """Say where keys go, or that none can be kept."""
        self.key.setEnabled(lasts)
        self.keys_said.say(f"The key goes to {place} alone." if lasts else NO_KEYCHAIN, "" if lasts else "warn")

    def forget_key(self) -> None:
        """The key is where it belongs, or nowhere; it is not kept on the screen."""
        self.key.clear()

    def _build(self) -> None:
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setVerticalSpacing(8)
        for text, name, field in (
            ("Role", "role", self.role),
            ("Name", "name", self.name),
            ("Address", "url", self.url),
            ("Model", "model", self.model),
            ("Key", "key", self.key),
            ("At once", "concurrency", self.concurrency),
        ):
            field.setObjectName(f"endpoints.form.{name}")
            field.setAccessibleName(text)
            form.addRow(Dim(text), field)
        self.body.addLayout(form)
        self.body.addWidget(self.keys_said)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self.cancel_button)
        row.addWidget(self.add_button)
        self.body.addLayout(row)

    def _on_add(self) -> None:
        self.submitted.emit(
            NewEndpoint(
                name=self.name.text(),
                role=Role(self.role.currentData()),
                url=self.url.text(),
                model=self.model.currentText(),
                concurrency=self.concurrency.value(),
                key=self.key.text(),
            )
        )
