"""What a run learns from: rows and tokens of each side, every row that is left out and why, and the memory it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from lorastudio.bridge.requests.runs import memory_parts, rows_left_out
from lorastudio.domain.sizes import size_in_words
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.empty_state import EmptyState
from lorastudio.ui.widgets.labels import Dim, Figure, Text
from lorastudio.ui.widgets.scroll_column import ScrollColumn
from lorastudio.ui.widgets.thin_bar import ThinBar
from lorastudio.ui.wording import count, counted

SIDES = {"train": "Learnt from", "development": "Watched on", "heldout": "Held out"}
TEXTS = {"prompt": "Prompt tokens", "good": "Good", "bad": "Bad"}
NAMED_ROWS = 12
NO_LANGUAGE = "unknown"

Record = Mapping[str, Any]


class DataView(QWidget):
    """Shows the `data` and the `plan` message of a run."""

    def __init__(self) -> None:
        super().__init__()
        self.empty = EmptyState(
            "Not counted yet",
            "Before its first step a run counts the rows and tokens that it learns from, and lists what it leaves out.",
        )
        self._area: ScrollColumn | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self.empty, 1)

    def show_run(self, data: Record | None, plan: Record | None) -> None:
        """Show what is known of a run."""
        if self._area is not None:
            self._area.hide()
            self._area.deleteLater()
            self._area = None
        cards = [_rows_card(data), _left_out_card(data)] if data else []
        if plan:
            cards.append(_memory_card(plan))
        self.empty.setVisible(not cards)
        if cards:
            self._area = ScrollColumn(cards)
            self._area.setObjectName("training.data")
            self._area.setAccessibleName("What the run learns from")
            self._column.addWidget(self._area, 1)


def _rows_card(data: Record) -> Card:
    card = Card("Rows and tokens")
    grid = QGridLayout()
    grid.setHorizontalSpacing(18)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(0, 1)
    card.body.addLayout(grid)
    for column, title in enumerate(("Rows", *TEXTS.values()), 1):
        _put(grid, Dim(title), 0, column)
    for row, (side, title) in enumerate(SIDES.items(), 1):
        report = data["files"][side]
        languages = data.get("languages", {}).get(side, {})
        told = sorted(item for item in languages.items() if item[0] != NO_LANGUAGE)
        words = ", ".join(f"{count(number)} {language}" for language, number in told)
        grid.addWidget(Text(f"{title} ({words})" if words else title), row, 0)
        _put(grid, Figure(count(report["rows"])), row, 1)
        for column, text in enumerate(TEXTS, 2):
            _put(grid, _tokens(report[text]), row, column)
    card.body.addWidget(Dim(_total(data), wrap=True))
    return card


def _put(grid: QGridLayout, widget: QWidget, row: int, column: int) -> None:
    grid.addWidget(widget, row, column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


def _tokens(tokens: Record | None) -> Figure:
    """The fewest and the most tokens of a text; more of them in the tooltip."""
    if not tokens:
        return Figure("–", kind="dim")
    figure = Figure(f"{count(tokens['min'])}–{count(tokens['max'])}", kind="dim")
    figure.setToolTip(
        f"Median {count(tokens['median'])}, 95% within {count(tokens['p95'])}, {count(tokens['total'])} in all"
    )
    return figure


def _total(data: Record) -> str:
    train = data["files"]["train"]
    total = sum(train[text]["total"] for text in TEXTS if train[text])
    thinking = " The model is asked to think before it answers." if data["thinking"]["enabled"] else ""
    return f"{counted(total, 'token')} in each epoch.{thinking}"


def _left_out_card(data: Record) -> Card:
    reasons = rows_left_out(data)
    total = sum(len(ids) for _, ids in reasons)
    card = Card("Left out, never cut")
    card.head.addStretch()
    card.head.addWidget(Figure(counted(total, "row"), kind="dim"))
    if not reasons:
        card.body.addWidget(Dim("No row was left out.", wrap=True))
    for words, ids in reasons:
        card.body.addWidget(Text(f"{counted(len(ids), 'row')}: {words}", wrap=True))
        card.body.addWidget(Dim(_named(ids), wrap=True))
    return card


def _named(ids: Sequence[int]) -> str:
    named = ", ".join(count(row_id) for row_id in ids[:NAMED_ROWS])
    more = f" and {count(len(ids) - NAMED_ROWS)} more" if len(ids) > NAMED_ROWS else ""
    return f"{'Pair' if len(ids) == 1 else 'Pairs'} {named}{more}"


def _memory_card(plan: Record) -> Card:
    card = Card("Memory that was expected")
    card.head.addStretch()
    card.head.addWidget(Figure(f"{size_in_words(plan['total_bytes'])}", kind="dim"))
    grid = QGridLayout()
    grid.setHorizontalSpacing(14)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(1, 1)
    card.body.addLayout(grid)
    names = memory_parts()
    parts = sorted(plan["parts"].items(), key=lambda part: -part[1])
    for row, (name, size) in enumerate(parts):
        bar = ThinBar(size / max(plan["estimate_bytes"], 1), kind="dim")
        bar.setAccessibleName(names[name])
        grid.addWidget(Text(names[name]), row, 0)
        grid.addWidget(bar, row, 1)
        _put(grid, Figure(size_in_words(size), kind="dim"), row, 2)
    return card
