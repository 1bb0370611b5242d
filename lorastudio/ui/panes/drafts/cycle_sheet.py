"""What a cycle will take, and what it may take: shown and chosen before anything starts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QComboBox, QGridLayout, QWidget

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.requests.cycle_start import CycleBegun, CycleOffer, CycleWish, begin_cycle, read_offer
from lorastudio.domain.amounts import dollars, duration
from lorastudio.domain.errors import KnownError
from lorastudio.ui.sheet import Sheet
from lorastudio.ui.widgets.buttons import Button, PrimaryButton
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.error_bar import ErrorBar
from lorastudio.ui.widgets.labels import Dim, Figure
from lorastudio.ui.widgets.limit_field import LimitField
from lorastudio.ui.widgets.number_field import NumberField
from lorastudio.ui.wording import count, counted

if TYPE_CHECKING:
    from lorastudio.domain.drafting_events import Bound

WIDTH_PX = 620
TYPING_MS = 250
MOST_CRITIQUES = 9
MOST_TOKENS, MOST_USD, MOST_MINUTES = 1e12, 1e6, 60.0 * 24 * 365
GENERAL = "general"
ROWS = ("Calls", "Tokens read", "Tokens written", "Money", "Time")
REPEATS = "Calls that a server fails and that are repeated come on top; a budget holds whatever happens."
MEASURED = "“Probably” goes by what earlier calls to these servers took."
GUESSED = "“Probably” is a guess: nothing was measured with these servers yet."
NO_PRICE = "no price known"


class CycleSheet(Sheet):
    """Counts again at every choice; only its last button begins the cycle."""

    begun = Signal(object)  # CycleBegun

    def __init__(self, backend: Backend, wish: CycleWish, offer: CycleOffer, window: QWidget) -> None:
        super().__init__(f"Draft on {counted(offer.estimate.questions, 'question')}", window, width_px=WIDTH_PX)
        self.setObjectName("cycle_sheet")
        self._backend, self._wish = backend, wish
        self._asked: CycleWish | None = None
        self._counting = QTimer(self, singleShot=True, interval=TYPING_MS)
        self.add_words(f"{offer.writer} writes, {offer.critic} judges.")
        self.rubric = QComboBox()
        for name in (GENERAL, *offer.rubrics):
            self.rubric.addItem(name, "" if name == GENERAL else name)
        self.critiques = NumberField(1, MOST_CRITIQUES, wish.critiques)
        self.tokens = LimitField("cycle_sheet.tokens", "Tokens at most", most=MOST_TOKENS, step=10_000)
        self.money = LimitField("cycle_sheet.money", "US dollars at most", most=MOST_USD, step=1, decimals=2)
        self.minutes = LimitField("cycle_sheet.minutes", "Minutes at most", most=MOST_MINUTES, step=10)
        self.body.addLayout(self._choices())
        self.probably = [Figure() for _ in ROWS]
        self.at_most = [Figure() for _ in ROWS]
        self.measured = Dim(wrap=True)
        self.body.addWidget(self._bounds())
        self.error = ErrorBar("cycle_sheet.error")
        self.body.addWidget(self.error)
        self.cancel_button = Button("Cancel", "cycle_sheet.cancel")
        self.go_button = PrimaryButton("Start drafting", "cycle_sheet.go")
        self.buttons.addWidget(self.cancel_button)
        self.buttons.addStretch()
        self.buttons.addWidget(self.go_button)
        self._connect()
        self._show(offer)

    def open(self, focus: Button | None = None) -> None:
        super().open(focus or self.go_button)

    def _choices(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(8)
        self.rubric.setObjectName("cycle_sheet.rubric")
        self.rubric.setAccessibleName("Rubric")
        self.rubric.setToolTip("What the critic scores by; questions of a file may bring their own")
        self.critiques.setObjectName("cycle_sheet.critiques")
        self.critiques.setAccessibleName("Critiques of each draft")
        self.critiques.setToolTip("The median of their scores counts")
        fields = (("Rubric", self.rubric), ("Critiques of each draft", self.critiques))
        caps = (("Tokens at most", self.tokens), ("US dollars at most", self.money), ("Minutes at most", self.minutes))
        for column, group in ((0, fields), (2, caps)):
            for row, (text, field) in enumerate(group):
                grid.addWidget(Dim(text), row, column)
                grid.addWidget(field, row, column + 1)
            grid.setColumnStretch(column + 1, 1)
        return grid

    def _bounds(self) -> Card:
        card = Card("What it takes")
        grid = QGridLayout()
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(0, 1)
        for column, text in ((1, "Probably"), (2, "At most")):
            grid.addWidget(Dim(text), 0, column, Qt.AlignmentFlag.AlignRight)
        for row, text in enumerate(ROWS):
            grid.addWidget(Dim(text), row + 1, 0)
            for column, figures in ((1, self.probably), (2, self.at_most)):
                grid.addWidget(figures[row], row + 1, column, Qt.AlignmentFlag.AlignRight)
        card.body.addLayout(grid)
        card.body.addWidget(self.measured)
        card.body.addWidget(Dim(REPEATS, wrap=True))
        return card

    def _connect(self) -> None:
        self.cancel_button.clicked.connect(self.dismiss)
        self.go_button.clicked.connect(self._on_go)
        self._counting.timeout.connect(self._on_count_wanted)
        self.rubric.currentIndexChanged.connect(self._on_chosen)
        for field in (self.critiques, self.tokens, self.money, self.minutes):
            field.valueChanged.connect(self._on_chosen)

    def _chosen(self) -> CycleWish:
        return replace(
            self._wish,
            rubric=str(self.rubric.currentData()),
            critiques=self.critiques.value(),
            budget_tokens=self.tokens.whole_limit(),
            budget_usd=self.money.limit(),
            budget_minutes=self.minutes.limit(),
        )

    @Slot()
    def _on_chosen(self) -> None:
        self._hold()
        self._counting.start()

    @Slot()
    def _on_count_wanted(self) -> None:
        self._asked = self._chosen()
        self._backend.ask(read_offer, self._asked, answer=self._on_offer, failed=self._on_refused)

    @Slot(object)
    def _on_offer(self, offer: CycleOffer) -> None:
        if self._asked != self._chosen():
            return  # another one is on its way
        self.error.hide()
        self.go_button.setEnabled(True)
        self._show(offer)

    @Slot(object)
    def _on_refused(self, error: KnownError) -> None:
        self.error.show_error(error)
        self._place()

    @Slot()
    def _on_go(self) -> None:
        self._hold()
        self._backend.act(begin_cycle, self._chosen(), answer=self._on_begun, failed=self._on_refused)

    @Slot(object)
    def _on_begun(self, begun: CycleBegun) -> None:
        self.begun.emit(begun)
        self.dismiss()

    def _hold(self) -> None:
        """Not to be pressed now; the focus stays in the sheet, where Qt would hand it to what lies below."""
        if self.go_button.hasFocus():
            self.setFocus()
        self.go_button.setEnabled(False)

    def _show(self, offer: CycleOffer) -> None:
        told = offer.estimate
        for figures, bound in ((self.probably, told.expected), (self.at_most, told.most)):
            for figure, text in zip(figures, _figures(bound), strict=True):
                figure.setText(text)
        self.measured.setText(MEASURED if told.measured else GUESSED)
        self._place()


def _figures(bound: Bound) -> tuple[str, ...]:
    return (
        count(bound.calls),
        count(bound.prompt_tokens),
        count(bound.completion_tokens),
        NO_PRICE if bound.cost_usd is None else dollars(bound.cost_usd),
        duration(bound.seconds),
    )
