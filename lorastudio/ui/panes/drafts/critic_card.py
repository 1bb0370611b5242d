"""What the critic said about one draft: a bar for each criterion, and the faults with their quotes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from lorastudio.domain.draft import Critique, Issue
from lorastudio.ui.panes.drafts.words import score_kind, score_text
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.labels import Dim, Figure, Text
from lorastudio.ui.widgets.thin_bar import ThinBar

NAME_PX, BAR_LEAST_PX = 70, 40


class CriticCard(Card):
    """The verdict on the draft that is shown, or why there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Critic", parent=parent)
        self.setObjectName("drafts.critic")
        self.score = Chip()
        self.head.addStretch()
        self.head.addWidget(self.score)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(9)
        self._grid.setColumnStretch(1, 1)
        self.said = Dim(wrap=True)
        self._issues = QVBoxLayout()
        self._issues.setSpacing(8)
        self.body.addLayout(self._grid)
        self.body.addWidget(self.said)
        self.body.addLayout(self._issues)
        self._shown: object = None

    def show_critique(self, iteration: int, critique: Critique | None, waiting: str) -> None:
        """`waiting` says why there is no verdict."""
        shown = (iteration, critique, waiting)
        if shown == self._shown:
            return
        self._shown = shown
        self.title.setText(f"Critic on draft {iteration}" if iteration else "Critic")
        self._clear()
        score = critique.score if critique else None
        self.score.setVisible(score is not None)
        self.score.say(score_text(score), score_kind(score))
        self.score.setToolTip(f"{score_text(score)} out of 10, give or take {score_text(critique and critique.spread)}")
        if critique is not None:
            for row, (name, value) in enumerate(critique.scores.items()):
                self._add_score(row, name, value)
            for issue in critique.issues:
                self._issues.addWidget(_issue(issue))
        self.said.setText(_remark(critique, waiting))
        self.said.setVisible(bool(self.said.text()))

    def _add_score(self, row: int, name: str, value: float) -> None:
        label = Dim(name[:1].upper() + name[1:])
        label.setMinimumWidth(NAME_PX)
        bar = ThinBar(value, kind=score_kind(value))
        bar.setMinimumWidth(BAR_LEAST_PX)
        figure = Figure(score_text(value))
        bar.setAccessibleName(f"{name}: {score_text(value)} out of 10")
        self._grid.addWidget(label, row, 0)
        self._grid.addWidget(bar, row, 1)
        self._grid.addWidget(figure, row, 2, Qt.AlignmentFlag.AlignRight)

    def _clear(self) -> None:
        for layout in (self._grid, self._issues):
            while (item := layout.takeAt(0)) is not None:
                item.widget().hide()
                item.widget().deleteLater()


def _remark(critique: Critique | None, waiting: str) -> str:
    if critique is None:
        return waiting
    if critique.abstained:
        return "The critic gave no verdict that could be read."
    return "" if critique.issues else "It found no fault."


def _issue(issue: Issue) -> QWidget:
    """A fault: what, and the words of the draft that it is about."""
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(1)
    severe = "Severe: " if issue.severe else ""
    column.addWidget(Text(f"{severe}{issue.message}", wrap=True))
    if issue.quote:
        quote = Dim(f"“{issue.quote}”", wrap=True, kind="bad" if issue.severe else "warn")
        column.addWidget(quote)
    box.setAccessibleName(f"{issue.criterion}: {severe}{issue.message} {issue.quote}".strip())
    return box
