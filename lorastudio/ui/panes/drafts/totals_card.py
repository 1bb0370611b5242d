"""What a cycle has brought and cost so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.labels import Dim, Figure
from lorastudio.ui.widgets.thin_bar import ThinBar
from lorastudio.ui.wording import count

if TYPE_CHECKING:
    from lorastudio.store.calls import CallTotals


class TotalsCard(Card):
    """Questions, calls, tokens and pairs."""

    review_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("This cycle", parent=parent)
        self.setObjectName("drafts.totals")
        self.body.setSpacing(7)
        self.bar = ThinBar()
        self.done = Figure()
        self.calls = Figure()
        self.tokens_in = Figure()
        self.tokens_out = Figure()
        self.pairs = Figure()
        self.body.addWidget(self.bar)
        for text, figure in (
            ("Done", self.done),
            ("Calls", self.calls),
            ("Tokens read", self.tokens_in),
            ("Tokens written", self.tokens_out),
            ("Pairs made", self.pairs),
        ):
            self.add_row(Dim(text), figure)
        self.review_button = Button("Review", "drafts.review", kind="small")
        self.review_button.setAccessibleName("Review pairs")
        self.review_button.setToolTip("Go to the pairs that came out of the drafts")
        self.review_button.clicked.connect(self.review_wanted)
        self.head.addStretch()
        self.head.addWidget(self.review_button)

    def show_questions(self, done: int, failed: int, total: int) -> None:
        self.done.setText(f"{count(done)} of {count(total)}" + (f", {count(failed)} failed" if failed else ""))
        self.bar.set_share((done + failed) / total if total else 0.0)
        self.bar.setAccessibleName(self.done.text())

    def show_calls(self, totals: CallTotals) -> None:
        """Calls and tokens; "≈" where a server did not count and some of them are estimates."""
        about = "≈ " if totals.estimated else ""
        self.calls.setText(count(totals.calls))
        self.calls.setToolTip(f"{count(totals.lost)} lost by a crash, {count(totals.failed)} failed or stopped")
        self.tokens_in.setText(f"{about}{count(totals.prompt_tokens)}")
        self.tokens_out.setText(f"{about}{count(totals.completion_tokens)}")

    def show_pairs(self, pairs: int) -> None:
        self.pairs.setText(count(pairs))
        self.review_button.setVisible(pairs > 0)
