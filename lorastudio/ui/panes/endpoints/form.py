"""The form for an endpoint, a new one or one to change; it stands beside what is set up and blocks nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QLineEdit, QWidget

from lorastudio.bridge.requests.endpoints import TypedEndpoint
from lorastudio.domain.endpoint import Endpoint, Role
from lorastudio.domain.errors import KnownError
from lorastudio.ui.panes.endpoints.more_fields import MoreFields
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
    "This system has no keychain, and files never hold keys: the key is kept in memory, for this run only, and has to "
    "be given again in the next one."
)
NO_KEY, KEPT_KEY = "Only where the server asks for one", "Kept; empty leaves it as it is"


class EndpointForm(Card):
    """What a person types about a server. Enter adds or saves, Esc puts the form away; little is checked here."""

    submitted = Signal(object)  # TypedEndpoint
    refused = Signal(object)  # KnownError
    put_away = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Add an endpoint", parent=parent)
        self.setObjectName("endpoints.form")
        self._changed: Endpoint | None = None  # the one that is changed
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
        self.key = QLineEdit()
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.concurrency = NumberField(1, 256, 4)
        self.concurrency.setToolTip("How many calls the server gets at once at most")
        self.forget = QCheckBox("Forget the key")
        self.forget.setObjectName("endpoints.form.forget")
        self.forget.setAccessibleName("Forget the key")
        self.keys_said = Dim(wrap=True)
        self.more_button = Button("More settings", "endpoints.form.more", kind="link")
        self.more_button.setCheckable(True)
        self.more = MoreFields()
        self.more.hide()
        self.add_button = PrimaryButton("Add", "endpoints.form.add")
        self.cancel_button = Button("Cancel", "endpoints.form.cancel")
        self._build()
        self.add_button.clicked.connect(self._on_add)
        self.cancel_button.clicked.connect(self.put_away)
        self.more_button.toggled.connect(self.more.setVisible)
        for field in (self.name, self.url, self.key, self.model.lineEdit()):
            field.returnPressed.connect(self._on_add)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(self.put_away)

    def open_for(self, role: Role, *, name: str = "", url: str = "", models: Sequence[str] = ()) -> None:
        """Show the form for a new endpoint, with what is known already."""
        self._changed = None
        self._fill(Endpoint(name, role, url, models[0] if models else None), models)
        self.name.setFocus()
        self.name.selectAll()

    def open_to_change(self, endpoint: Endpoint, models: Sequence[str] = ()) -> None:
        """Show the form with what is set up; `models` are those that the server lists. The name stays."""
        self._changed = endpoint
        self._fill(endpoint, models)
        self.url.setFocus()

    def _fill(self, endpoint: Endpoint, models: Sequence[str]) -> None:
        new = self._changed is None
        self.title.setText("Add an endpoint" if new else f"Change {endpoint.name}")
        self.add_button.setText("Add" if new else "Save")
        self.role.setCurrentIndex(self.role.findData(endpoint.role))
        self.name.setText(endpoint.name)
        self.name.setEnabled(new)
        self.url.setText(endpoint.url)
        self.model.clear()
        self.model.addItems(list(models))
        self.model.setEditText(endpoint.model or "")
        self.concurrency.setValue(endpoint.concurrency)
        self.key.clear()
        self.key.setPlaceholderText(NO_KEY if endpoint.key_set_at is None else KEPT_KEY)
        self.forget.setChecked(False)
        self.forget.setVisible(endpoint.key_set_at is not None)
        self.more.show_endpoint(endpoint)
        self.more_button.setChecked(not new)
        self.show()

    def show_keychain(self, place: str, *, lasts: bool) -> None:
        """Say where keys go."""
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
        self.body.addWidget(self.forget)
        self.body.addWidget(self.keys_said)
        self.body.addWidget(self.more_button)
        self.body.addWidget(self.more)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self.cancel_button)
        row.addWidget(self.add_button)
        self.body.addLayout(row)

    @Slot()
    def _on_add(self) -> None:
        before = self._changed
        basis = before or Endpoint(self.name.text(), Role(self.role.currentData()))
        try:
            endpoint = self.more.typed_into(basis)
        except KnownError as error:
            self.refused.emit(error)
            return
        endpoint = replace(
            endpoint,
            role=Role(self.role.currentData()),
            url=self.url.text(),
            model=self.model.currentText().strip() or None,
            concurrency=self.concurrency.value(),
        )
        self.submitted.emit(TypedEndpoint(endpoint, self.key.text(), self.forget.isChecked(), before is None))
