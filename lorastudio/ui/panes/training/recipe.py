"""The recipe of a run: a few fields, the rest behind "More settings"."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from lorastudio.bridge.requests.runs import usual_learning_rate
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.kinds import set_kind
from lorastudio.ui.widgets.labels import Dim

Record = dict[str, Any]

OBJECTIVES = (
    ("dpo+nll", "Good vs bad", "DPO with a likelihood term: away from the bad draft, and towards the good one"),
    ("dpo", "Contrast alone", "DPO: only the difference between good and bad counts"),
    ("sft", "Good drafts alone", "SFT: imitate the good drafts; the bad ones are not used"),
)
ALL_LAYERS = 0
USUAL_BETA = 0.0  # the objective's own
TEXT_MARGIN_PX = 7


class RecipeCard(Card):
    """Holds a whole recipe: what has no field here stays as it was in the record that was shown."""

    edited = Signal()
    base_wanted = Signal()  # choose another base model

    def __init__(self, theme: Theme) -> None:
        super().__init__("Recipe")
        self._usual: Record = {}
        self._restored: Record = {}
        self._form = QFormLayout()
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.setHorizontalSpacing(10)
        self._form.setVerticalSpacing(7)
        self._figures = theme.figure_font()
        self._build_fields()
        self.body.addLayout(self._form)
        self.more_button = Button("More settings", "training.more", kind="link")
        self.usual_button = Button("Usual values", "training.usual", kind="link")
        self.usual_button.setToolTip("Take back what was changed in the recipe")
        self.usual_button.hide()
        links = self.add_row(self.more_button, self.usual_button)
        links.setContentsMargins(0, 2, 0, 0)
        self.more_button.clicked.connect(self._on_more)
        self.usual_button.clicked.connect(self._on_usual)
        self._rows = self._rows_behind_more()
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
        self._restored = {name: value for name, value in changes.items() if name in self._values()}

    def mark_wrong(self, wrong: bool) -> None:
        """Show whether the learning rate can't be read."""
        set_kind(self.learning_rate, "bad" if wrong else "")

    def learning_rate_is_wrong(self) -> bool:
        """Whether the field holds something that is no number between 0 and 1."""
        text = self.learning_rate.text().strip()
        return bool(text) and not 0 < (_number(text) or 0.0) < 1

    def _build_fields(self) -> None:
        self.base = QLineEdit(readOnly=True)
        self.objective = QComboBox()
        for value, words, tip in OBJECTIVES:
            self.objective.addItem(words, value)
            self.objective.setItemData(self.objective.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.rank, self.alpha = _whole(1, 512), _fraction(0.5, 4096, 1)
        self.learning_rate = QLineEdit()
        self.epochs, self.batch_size = _whole(1, 1000), _whole(1, 1024, " pairs")
        self.max_seq_length = _whole(8, 1_000_000, " tokens")
        self.layers = _whole(ALL_LAYERS, 1000)
        self.layers.setSpecialValueText("all")
        self.beta, self.nll_weight = _fraction(USUAL_BETA, 100, 3), _fraction(0, 100, 3)
        self.beta.setSpecialValueText("usual")
        self._add_base("Base model", "The model that the adapter is for")
        self._add("Learn from", self.objective, "objective", "The objective")
        self._add_pair("Rank / alpha", "Size of the adapter, and how strongly it acts: alpha / rank scales it")
        self._add("Learning rate", self.learning_rate, "learning_rate", "How far each step goes")
        self._add("Epochs", self.epochs, "epochs", "How often every pair is seen")
        self._add("Batch", self.batch_size, "batch_size", "Pairs per step")
        self._add("Max length", self.max_seq_length, "max_seq_length", "Longer rows are left out and listed, never cut")
        self._add("Layers", self.layers, "layers", "How many of the last blocks get an adapter")
        self._add("Pull limit", self.beta, "beta", "Beta: the smaller, the further it may move from the base")
        self._add("Imitation", self.nll_weight, "nll_weight", "NLL weight: how much the good drafts are imitated")
        for box in (self.rank, self.epochs, self.batch_size, self.max_seq_length, self.layers):
            box.valueChanged.connect(self._on_edited)
        for box in (self.alpha, self.beta, self.nll_weight):
            box.valueChanged.connect(self._on_edited)
        self.objective.currentIndexChanged.connect(self._on_edited)
        self.learning_rate.textChanged.connect(self._on_edited)

    def _add(self, label: str, field: QWidget, name: str, tip: str) -> None:
        self._name(field, label, name, tip)
        words = Dim(label)
        words.setToolTip(tip)
        words.setBuddy(field)
        words.setFixedWidth(96)
        words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._form.addRow(words, field)

    def _add_base(self, label: str, tip: str) -> None:
        self._add(label, self.base, "base", tip)
        self.base_button = Button("Change…", "training.change_base", kind="link")
        self.base_button.setToolTip("Choose a folder, or a model of the hub")
        self.base_button.clicked.connect(self.base_wanted)
        self._form.addRow("", self.base_button)

    def _add_pair(self, label: str, tip: str) -> None:
        self._name(self.rank, "Rank", "rank", tip)
        self._name(self.alpha, "Alpha", "alpha", tip)
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.rank)
        row.addWidget(self.alpha)
        words = Dim(label)
        words.setToolTip(tip)
        words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._form.addRow(words, both)

    def _name(self, field: QWidget, label: str, name: str, tip: str) -> None:
        field.setObjectName(f"training.{name}")
        field.setAccessibleName(label)
        field.setToolTip(tip)
        field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        if not isinstance(field, QComboBox) and name != "base":
            field.setFont(self._figures)

    def _values(self) -> Record:
        layers = self.layers.value()
        return {
            "objective": self.objective.currentData(),
            "rank": self.rank.value(),
            "alpha": self.alpha.value(),
            "learning_rate": _number(self.learning_rate.text().strip()),
            "epochs": self.epochs.value(),
            "batch_size": self.batch_size.value(),
            "max_seq_length": self.max_seq_length.value(),
            "layers": None if layers == ALL_LAYERS else layers,
            "beta": None if self.beta.value() == USUAL_BETA else self.beta.value(),
            "nll_weight": self.nll_weight.value(),
        }

    def _fill(self, record: Record) -> None:
        self.objective.setCurrentIndex(max(0, self.objective.findData(record.get("objective"))))
        for name in ("rank", "alpha", "epochs", "batch_size", "max_seq_length", "nll_weight"):
            if record.get(name) is not None:
                getattr(self, name).setValue(record[name])
        self.layers.setValue(record.get("layers") or ALL_LAYERS)
        self.beta.setValue(record.get("beta") or USUAL_BETA)
        rate = record.get("learning_rate")
        self.learning_rate.setText("" if rate is None else f"{rate:g}")
        self._on_edited()

    def _rows_behind_more(self) -> list[int]:
        return [self._form.getWidgetPosition(field)[0] for field in (self.layers, self.beta, self.nll_weight)]

    def _show_more(self, shown: bool) -> None:
        for row in self._rows:
            self._form.setRowVisible(row, shown)
        self.more_button.setText("Fewer settings" if shown else "More settings")

    @Slot()
    def _on_more(self) -> None:
        self._show_more(self.layers.isHidden())

    @Slot()
    def _on_usual(self) -> None:
        self._fill(self._usual)

    @Slot()
    def _on_edited(self) -> None:
        objective = self.objective.currentData()
        self.learning_rate.setPlaceholderText(f"{usual_learning_rate(objective):g} (usual)")
        self.nll_weight.setEnabled(objective == "dpo+nll")
        self.beta.setEnabled(objective != "sft")
        self.usual_button.setVisible(bool(self.changes()))
        self.edited.emit()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _whole(low: int, high: int, suffix: str = "") -> QSpinBox:
    box = QSpinBox(minimum=low, maximum=high, suffix=suffix)
    box.lineEdit().setTextMargins(TEXT_MARGIN_PX, 0, 0, 0)  # style sheets pad other fields, not these
    return box


def _fraction(low: float, high: float, decimals: int) -> QDoubleSpinBox:
    box = QDoubleSpinBox(minimum=low, maximum=high, decimals=decimals)
    box.lineEdit().setTextMargins(TEXT_MARGIN_PX, 0, 0, 0)
    return box
