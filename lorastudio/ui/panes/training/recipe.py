"""The recipe of a run: a few fields, the rest behind "More settings"."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QBoxLayout, QFormLayout, QLineEdit, QSizePolicy, QWidget

from lorastudio.bridge.requests.runs import objective_facts
from lorastudio.ui.panes.training.fields import Choice, Field, FreeNumber, Switch
from lorastudio.ui.panes.training.objectives import WORDS
from lorastudio.ui.panes.training.settings import BASIC, MORE, Line
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.labels import Dim, Strong

Record = dict[str, Any]

LABEL_PX = 96


class RecipeCard(Card):
    """Holds a whole recipe: what has no field here stays as it was in the record that was shown."""

    edited = Signal()
    base_wanted = Signal()  # choose another base model

    def __init__(self, theme: Theme) -> None:
        super().__init__("Recipe")
        self._usual: Record = {}
        self._restored: Record = {}
        self._figures = theme.figure_font()
        self._filling = False
        self.fields: dict[str, Field] = {}
        self._form = QFormLayout()
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.setHorizontalSpacing(10)
        self._form.setVerticalSpacing(7)
        self._add_base()
        for line in BASIC:
            self._add(line)
        self.objective_words = Dim(wrap=True)
        self._form.insertRow(3, self.objective_words)
        self._first_of_more = self._form.rowCount()
        for title, lines in MORE:
            self._form.addRow(Strong(title))
            for line in lines:
                self._add(line)
        self.body.addLayout(self._form)
        self._add_links()
        self._show_more(False)

    def show_usual(self, base: str, recipe: Record) -> None:
        """The base and its usual recipe. What a person has changed is kept, unless the base is another one now."""
        same = bool(self._usual) and base == self.base.text()
        kept = self.changes() if same else self._restored
        self._usual, self._restored = recipe, {}
        self.base.setText(base)
        self.base.setToolTip(base)
        self.base.setCursorPosition(0)
        self._fill(recipe | kept)

    def record(self) -> Record:
        """The recipe as it stands; `training.config` says whether it can be used."""
        return self._usual | self._values()

    def changes(self) -> Record:
        """What differs from the usual recipe."""
        values = self._values()
        return {name: value for name, value in values.items() if name in self._usual and value != self._usual[name]}

    def restore(self, changes: Record) -> None:
        """Take back what `changes` gave, as soon as the usual recipe is known."""
        self._restored = {name: value for name, value in changes.items() if name in self.fields}

    def problem(self) -> str:
        """What can't be read in a field, empty for nothing; the field shows it too."""
        problems = [field.problem() for field in self.fields.values() if isinstance(field, FreeNumber)]
        return next(filter(None, problems), "")

    def _add_base(self) -> None:
        tip = "The model that the adapter is for"
        self.base = QLineEdit(readOnly=True)
        self._name(self.base, "Base model", "base", tip)
        self._form.addRow(_label("Base model", tip, self.base), self.base)
        self.base_button = Button("Change…", "training.change_base", kind="link")
        self.base_button.setToolTip("Choose a folder, or a model of the hub")
        self.base_button.clicked.connect(self.base_wanted)
        self._form.addRow("", self.base_button)

    def _add(self, line: Line) -> None:
        fields = [part.make() for part in line.parts]
        for part, field in zip(line.parts, fields, strict=True):
            self._name(field, part.spoken, part.name, line.tip)
            field.edited.connect(self._on_edited)
            self.fields[part.name] = field
        shown: QWidget = fields[0]
        if len(fields) > 1:
            shown = QWidget()
            direction = QBoxLayout.Direction.TopToBottom if line.stacked else QBoxLayout.Direction.LeftToRight
            row = QBoxLayout(direction, shown)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(6)
            for field in fields:
                row.addWidget(field)
        self._form.addRow(_label(line.label, line.tip, fields[0]), shown)

    def _name(self, field: QWidget, spoken: str, name: str, tip: str) -> None:
        field.setObjectName(f"training.{name}")
        field.setAccessibleName(spoken)
        field.setToolTip(tip)
        field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        if not isinstance(field, (Choice, Switch)) and field is not self.base:
            field.setFont(self._figures)

    def _add_links(self) -> None:
        self.more_button = Button("More settings", "training.more", kind="link")
        self.usual_button = Button("Usual values", "training.usual", kind="link")
        self.usual_button.setToolTip("Take back what was changed in the recipe")
        self.usual_button.hide()
        links = self.add_row(self.more_button, self.usual_button)
        links.setContentsMargins(0, 2, 0, 0)
        self.more_button.clicked.connect(self._on_more)
        self.usual_button.clicked.connect(self._on_usual)

    def _values(self) -> Record:
        return {name: field.setting() for name, field in self.fields.items()}

    def _fill(self, record: Record) -> None:
        self._filling = True
        for name, field in self.fields.items():
            if name in record:
                field.show_setting(record[name])
        self._filling = False
        self._on_edited()

    def _show_more(self, shown: bool) -> None:
        self._more_shown = shown
        for row in range(self._first_of_more, self._form.rowCount()):
            self._form.setRowVisible(row, shown)
        self.more_button.setText("Fewer settings" if shown else "More settings")

    @Slot()
    def _on_more(self) -> None:
        self._show_more(not self._more_shown)

    @Slot()
    def _on_usual(self) -> None:
        self._fill(self._usual)

    @Slot()
    def _on_edited(self) -> None:
        if self._filling:
            return
        objective = self.fields["objective"].setting()
        facts = objective_facts(objective)
        for name, usual in (("learning_rate", facts.learning_rate), ("beta", facts.beta)):
            field = self.fields[name]
            if isinstance(field, FreeNumber):
                field.show_usual(usual)
        for name, field in self.fields.items():
            field.setEnabled(name not in facts.without_use)
        self.fields["replay_per_step"].setEnabled(bool(self._usual.get("replay_prompts")))
        self.objective_words.setText(f"{WORDS[objective].term}: {WORDS[objective].tip}.")
        self.usual_button.setVisible(bool(self.changes()))
        self.edited.emit()


def _label(text: str, tip: str, field: QWidget) -> Dim:
    label = Dim(text)
    label.setToolTip(tip)
    label.setBuddy(field)
    label.setFixedWidth(LABEL_PX)
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return label
