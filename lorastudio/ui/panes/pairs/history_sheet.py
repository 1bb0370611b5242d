"""What happened to one pair, the oldest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QWidget

from lorastudio.domain.history import ActionState
from lorastudio.ui.sheet import Sheet
from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.labels import Dim, ElidedText, Figure
from lorastudio.ui.widgets.scroll_column import ScrollColumn

if TYPE_CHECKING:
    from lorastudio.domain.history import PairEntry

WIDTH_PX, LIST_PX = 640, 300
STANDING = {ActionState.DONE: "", ActionState.UNDONE: "undone", ActionState.DISCARDED: "undone for good"}


class HistorySheet(Sheet):
    """A line for each thing: when, who, what, and whether it still holds."""

    def __init__(self, pair_id: int, entries: list[PairEntry], window: QWidget) -> None:
        super().__init__(f"History of pair {pair_id}", window, width_px=WIDTH_PX)
        self.setObjectName("pairs.history")
        self.lines = [_words(entry) for entry in entries]
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setContentsMargins(0, 0, 8, 0)
        grid.setHorizontalSpacing(14)
        grid.setColumnStretch(2, 1)
        for row, (at, who, what, standing) in enumerate(self.lines):
            grid.addWidget(Figure(at, kind="dim"), row, 0)
            grid.addWidget(Dim(who), row, 1)
            grid.addWidget(ElidedText(what), row, 2)
            grid.addWidget(Dim(standing), row, 3)
        scroll = ScrollColumn([inside])
        scroll.setObjectName("pairs.history.list")
        scroll.setAccessibleName("; ".join(" ".join(filter(None, line)) for line in self.lines))
        scroll.setFixedHeight(min(LIST_PX, inside.sizeHint().height() + 4))
        self.body.addWidget(scroll)
        self.close_button = Button("Close", "pairs.history.close")
        self.close_button.clicked.connect(self.dismiss)
        self.buttons.addStretch()
        self.buttons.addWidget(self.close_button)


def _words(entry: PairEntry) -> tuple[str, str, str, str]:
    at = entry.at[:16].replace("T", " ")
    what = entry.label if entry.who is not None else f"{entry.label} ({entry.what})"
    return at, "" if entry.who is None else entry.who.value, what, STANDING[entry.state]
