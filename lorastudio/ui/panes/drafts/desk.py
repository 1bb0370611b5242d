"""One question at work: its drafts, the text of one of them, and what the critic said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lorastudio.domain.draft import Critique, DraftState
from lorastudio.ui.panes.drafts.critic_card import CriticCard
from lorastudio.ui.panes.drafts.draft_tabs import DraftTabs, Tab
from lorastudio.ui.panes.drafts.draft_view import DraftView
from lorastudio.ui.panes.drafts.live import Stream
from lorastudio.ui.panes.drafts.question_rows import Row
from lorastudio.ui.panes.drafts.score_chart import ScoreChart
from lorastudio.ui.panes.drafts.words import DRAFT_STATES, STOPPED, score_kind, score_text, stop_rules
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.labels import Dim
from lorastudio.ui.widgets.scroll_column import ScrollColumn
from lorastudio.ui.wording import counted

if TYPE_CHECKING:
    from lorastudio.bridge.requests.cycles import JudgedDraft, QuestionNow

JUDGED_SOON = "The critic judges a draft when it is finished."
CHIPS = {DraftState.STREAMING: ("…", "accent"), DraftState.TRUNCATED: ("cut off", "warn")}


class Desk(QObject):
    """`middle` and `right` are the columns; `show` says what is on them. A person's choice of a draft holds until
    another question is shown."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self.tabs = DraftTabs(theme)
        self.view = DraftView(theme)
        self.critic = CriticCard()
        self.chart = ScoreChart(theme)
        self.rules = Dim(wrap=True)
        self.middle = QWidget()
        self.right = _right(self.critic, self.chart, self.rules)
        column = QVBoxLayout(self.middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.tabs)
        column.addWidget(self.view, 1)
        self.tabs.chosen.connect(self._on_chosen)
        self._row: Row | None = None
        self._now: QuestionNow | None = None
        self._stream: Stream | None = None
        self._chosen: int | None = None

    @property
    def question_id(self) -> int | None:
        return self._row.id if self._row else None

    def show(self, row: Row | None, now: QuestionNow | None, stream: Stream | None) -> None:
        """`now` may still be that of the question before; it then waits for its own."""
        if row is None or row.id != self.question_id:
            self._chosen = None
            self.view.clear_text()
        self._row, self._stream = row, stream
        self._now = now if row is not None and now is not None and now.question.id == row.id else None
        self._render()

    @Slot(int)
    def _on_chosen(self, iteration: int) -> None:
        self._chosen = iteration
        self._render()

    def _render(self) -> None:
        drafts = {item.draft.iteration: item for item in self._now.drafts} if self._now else {}
        iterations = sorted({*drafts, *([self._stream.iteration] if self._stream else [])})
        shown = self._chosen if self._chosen in iterations else (iterations[-1] if iterations else 0)
        self.tabs.show_tabs([self._tab(iteration, drafts.get(iteration)) for iteration in iterations], shown)
        self.tabs.setVisible(bool(iterations))
        self._render_draft(shown, drafts.get(shown))
        self._render_outcome(drafts)

    def _tab(self, iteration: int, item: JudgedDraft | None) -> Tab:
        if item is not None and item.critique is not None:
            score = item.critique.score
            return Tab(iteration, "no verdict" if score is None else score_text(score), score_kind(score))
        live = self._live(iteration)
        state = live.state if live else item.draft.state if item else DraftState.STREAMING
        if state in CHIPS:
            return Tab(iteration, *CHIPS[state])
        if state is DraftState.INTERRUPTED:
            return Tab(iteration, "cut short", "warn")
        active = self._row is not None and self._row.is_active
        return Tab(iteration, "judging", "accent") if active else Tab(iteration, "not judged", "")

    def _render_draft(self, iteration: int, item: JudgedDraft | None) -> None:
        live = self._live(iteration)
        critique = item.critique if item else None
        text = live.text if live and live.whole else item.draft.text if item else ""
        state = live.state if live else item.draft.state if item else DraftState.STREAMING
        self.view.show_text(text, critique.issues if critique else ())
        words = [live.note if live and live.note else DRAFT_STATES[state]] if iteration else []
        if text:
            words.append(counted(len(text.split()), "word"))
        self.view.state.say(", ".join(filter(None, words)))
        row = self._row
        self.view.show_question(row.text if row else "", row.error if row else "")
        self.critic.show_critique(iteration, critique, self._without_verdict(state))

    def _without_verdict(self, state: DraftState) -> str:
        if state is DraftState.TRUNCATED:
            return "A draft that was cut off is not judged."
        active = self._row is not None and self._row.is_active
        return "It is being judged." if active and state is DraftState.FINISHED else JUDGED_SOON

    def _render_outcome(self, drafts: dict[int, JudgedDraft]) -> None:
        now = self._now
        if now is None:
            self.chart.show_scores((), 6, 1.0)
            self.rules.setText("")
            return
        judged = [
            (iteration, score)
            for iteration in sorted(drafts)
            if (score := _score(drafts[iteration].critique)) is not None
        ]
        self.chart.show_scores(judged, max([now.max_iterations, *drafts]), now.target_score)
        reason = now.question.stop_reason
        rules = stop_rules(now.target_score, now.max_iterations, now.least_gain)
        self.rules.setText(STOPPED[reason] if reason else rules)
        self.rules.setToolTip(rules)

    def _live(self, iteration: int) -> Stream | None:
        return self._stream if self._stream is not None and self._stream.iteration == iteration else None


def _score(critique: Critique | None) -> float | None:
    return critique.score if critique else None


def _right(critic: CriticCard, chart: ScoreChart, rules: Dim) -> ScrollColumn:
    scores = Card("Score by draft")
    scores.body.addWidget(chart)
    scores.body.addWidget(rules)
    area = ScrollColumn([critic, scores])
    area.setObjectName("drafts.verdict")
    area.setAccessibleName("What the critic said")
    return area
