"""A field for a limit that may be missing."""

from __future__ import annotations

from PySide6.QtWidgets import QDoubleSpinBox, QWidget

SIDE_PX = 8
NO_LIMIT = "no limit"


class LimitField(QDoubleSpinBox):
    """A number, or nothing, which is called `nothing` and stands below the least number: 0, or a step above it unless
    `zero_counts`. Large numbers are typed and shown in groups."""

    def __init__(
        self,
        name: str,
        spoken: str,
        *,
        most: float,
        step: float,
        decimals: int = 0,
        nothing: str = NO_LIMIT,
        zero_counts: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setDecimals(decimals)
        self.setRange(-(10.0**-decimals) if zero_counts else 0.0, most)
        self.setSingleStep(step)
        self.setGroupSeparatorShown(True)
        self.setSpecialValueText(nothing)
        self.show_limit(None)
        self.lineEdit().setTextMargins(SIDE_PX, 0, SIDE_PX, 0)
        self.lineEdit().setObjectName(f"{name}.text")
        self.lineEdit().setAccessibleName(spoken)

    def limit(self) -> float | None:
        """What stands there; None for no limit."""
        return None if self.value() == self.minimum() else self.value()

    def whole_limit(self) -> int | None:
        """The same as a whole number."""
        limit = self.limit()
        return None if limit is None else round(limit)

    def show_limit(self, limit: float | None) -> None:
        self.setValue(self.minimum() if limit is None else limit)
