"""Fields of a recipe. Each gives and takes a setting as the recipe's record holds it, and says when it was edited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox

from lorastudio.ui.panes.training.objectives import OBJECTIVES, TERM_ROLE, TermDelegate
from lorastudio.ui.widgets.kinds import set_kind

TEXT_MARGIN_PX = 7  # style sheets pad other fields, not these
POPUP_PX = 230


class Choice(QComboBox):
    """One of some values, each in words."""

    edited = Signal()

    def __init__(self, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        for value, words in choices:
            self.addItem(words, value)
        self.currentIndexChanged.connect(self.edited)

    def setting(self) -> str:
        return str(self.currentData())

    def show_setting(self, value: Any) -> None:
        self.setCurrentIndex(max(0, self.findData(value)))


class ObjectiveChoice(Choice):
    """The objectives; their names in the field stand in the opened list."""

    def __init__(self) -> None:
        super().__init__([(objective.value, objective.words) for objective in OBJECTIVES])
        for place, objective in enumerate(OBJECTIVES):
            self.setItemData(place, objective.term, TERM_ROLE)
            self.setItemData(place, f"{objective.term}: {objective.tip}", Qt.ItemDataRole.ToolTipRole)
        self.setItemDelegate(TermDelegate(self))
        self.view().setMinimumWidth(POPUP_PX)


class Whole(QSpinBox):
    """A whole number; `lowest` is what the lowest one is called, and the setting that it stands for."""

    edited = Signal()

    def __init__(self, low: int, high: int, suffix: str = "", *, lowest: tuple[str, Any] | None = None) -> None:
        super().__init__(minimum=low, maximum=high, suffix=suffix)
        self._lowest = lowest
        self.lineEdit().setTextMargins(TEXT_MARGIN_PX, 0, 0, 0)
        if lowest is not None:
            self.setSpecialValueText(lowest[0])
        self.valueChanged.connect(self.edited)

    def setting(self) -> Any:
        number = self.value()
        return self._lowest[1] if self._lowest is not None and number == self.minimum() else number

    def show_setting(self, value: Any) -> None:
        self.setValue(self.minimum() if value is None else value)


class Fraction(QDoubleSpinBox):
    """A number with some decimals."""

    edited = Signal()

    def __init__(self, low: float, high: float, decimals: int) -> None:
        super().__init__(minimum=low, maximum=high, decimals=decimals, singleStep=10.0**-decimals)
        self.lineEdit().setTextMargins(TEXT_MARGIN_PX, 0, 0, 0)
        self.valueChanged.connect(self.edited)

    def setting(self) -> float:
        return self.value()

    def show_setting(self, value: Any) -> None:
        self.setValue(value)


class FreeNumber(QLineEdit):
    """A number of any size between 0 and `below`, or nothing for the objective's usual one."""

    edited = Signal()

    def __init__(self, below: float, example: str) -> None:
        super().__init__()
        self._below = below
        self._example = example
        self.textChanged.connect(self.edited)

    def setting(self) -> float | None:
        try:
            return float(self.text())
        except ValueError:
            return None

    def show_setting(self, value: Any) -> None:
        self.setText("" if value is None else f"{value:g}".replace("e-0", "e-"))

    def show_usual(self, value: float) -> None:
        """What it is where nothing is typed."""
        self.setPlaceholderText(f"{value:g} (usual)".replace("e-0", "e-"))

    def problem(self) -> str:
        """What is wrong with what was typed, empty for nothing; the field shows it too."""
        wrong = self.isEnabled() and bool(self.text().strip()) and not 0 < (self.setting() or 0.0) < self._below
        set_kind(self, "bad" if wrong else "")
        name = self.accessibleName().lower()
        return f"The {name} is no number between 0 and {self._below:g}, such as {self._example}." if wrong else ""


class Names(QLineEdit):
    """Words with commas between them."""

    edited = Signal()

    def __init__(self, placeholder: str) -> None:
        super().__init__(placeholderText=placeholder)
        self.textChanged.connect(self.edited)

    def setting(self) -> list[str]:
        return [name.strip() for name in self.text().split(",") if name.strip()]

    def show_setting(self, value: Any) -> None:
        self.setText(", ".join(value))


class Switch(QCheckBox):
    """On or off."""

    edited = Signal()

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.toggled.connect(self.edited)

    def setting(self) -> bool:
        return self.isChecked()

    def show_setting(self, value: Any) -> None:
        self.setChecked(bool(value))


Field = Choice | Whole | Fraction | FreeNumber | Names | Switch
