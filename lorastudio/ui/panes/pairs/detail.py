"""The right side: one pair with its prompt, its lineage, both answers with their differences, and the critic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from lorastudio.domain.pair import Pair
from lorastudio.ui.panes.pairs import words
from lorastudio.ui.panes.pairs.chips import ChipFlow
from lorastudio.ui.panes.pairs.diff_text import DiffText, PromptText
from lorastudio.ui.panes.pairs.editor import PairEditor
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.labels import Dim, Strong

if TYPE_CHECKING:
    from lorastudio.bridge.requests.pairs import PairSheet, Side

BETWEEN_PX = 11
ENDPOINT_CHARACTERS = 28
FINDING_TIPS = {
    "same text": "Both answers say the same, so there is nothing to learn.",
    "trivial edit": "More than 95% of the words are the same.",
    "length bias": "One answer is much longer; the model may learn length instead of quality.",
    "languages differ": "The answers are in different languages.",
    "too long": "Longer than a run's limit; it would be left out of training.",
    "near duplicate": "Nearly the same as another pair; it does not count towards a full version.",
    "near held-out text": "Too near to text that versions are measured with; it is never trained on.",
}


class PairDetail(QWidget):
    """Shows a `PairSheet`, side by side, inline, or to be edited."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.sheet: PairSheet | None = None
        self.header = HeaderCard(theme)
        self.editor = PairEditor()
        self.bad = SideCard("Bad", "bad", DiffText(theme, "pairs.bad", "Bad answer"))
        self.good = SideCard("Good", "good", DiffText(theme, "pairs.good", "Good answer"))
        self.inline = DiffText(theme, "pairs.inline", "Both answers in one text", both=True)
        self._inline_line = Dim()
        self.texts = QStackedWidget()
        self.texts.addWidget(_beside(self.bad, self.good))
        self.texts.addWidget(self._inline_card())
        self.texts.addWidget(self.editor)
        self.verdict = VerdictCard()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(BETWEEN_PX)
        column.addWidget(self.header)
        column.addWidget(self.texts, 1)
        column.addWidget(self.verdict)
        self._is_inline = False

    @property
    def is_editing(self) -> bool:
        return self.texts.currentWidget() is self.editor

    def show_sheet(self, sheet: PairSheet) -> None:
        """Show a pair; an edit that was not saved is given up."""
        self.sheet = sheet
        pair, diff = sheet.pair, sheet.diff
        note = f"{sheet.left_out:,} more characters are not shown; edit the pair to see all." if sheet.left_out else ""
        self.header.show_sheet(sheet)
        self.bad.text.show_pieces(diff.first, _missing(pair.bad, "bad") or note)
        self.good.text.show_pieces(diff.second, _missing(pair.good, "good") or note)
        self.bad.line.setText(words.side_line(sheet.bad, pair.bad))
        self.good.line.setText(words.side_line(sheet.good, pair.good))
        self.inline.show_pieces(diff.inline, note)
        self._inline_line.setText(_both_lines(sheet.bad, sheet.good, pair))
        self.verdict.show_words(words.verdict(sheet))
        self.show_inline(self._is_inline)

    def show_inline(self, inline: bool) -> None:
        """Both answers in one text, or side by side."""
        self._is_inline = inline
        self.texts.setCurrentIndex(1 if inline else 0)

    def edit(self) -> None:
        """Turn the answers into fields."""
        if self.sheet is not None:
            self.editor.show_pair(self.sheet.pair)
            self.texts.setCurrentWidget(self.editor)
            self.editor.take_focus()

    def end_edit(self) -> None:
        """Back to the view as it was before."""
        self.show_inline(self._is_inline)

    def _inline_card(self) -> Card:
        card = Card()
        head = QHBoxLayout()
        head.setSpacing(10)
        for widget in (Chip("Bad, struck out", "bad"), Chip("Good, underlined", "good"), self._inline_line):
            head.addWidget(widget)
        head.addStretch()
        card.body.addLayout(head)
        card.body.addWidget(self.inline, 1)
        return card


class HeaderCard(Card):
    """Prompt, facts, lineage, and chips for state, lint and endpoints; `tools` is for the buttons of the view."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.prompt = PromptText(theme, "pairs.prompt")
        self.tools = QHBoxLayout()
        self.tools.setSpacing(6)
        self.facts = Dim(wrap=True)
        self.lineage = Dim(wrap=True)
        self.chips = ChipFlow()
        middle = QHBoxLayout()
        middle.setSpacing(12)
        middle.addWidget(self.lineage, 1)
        middle.addLayout(self.tools)
        self.body.setSpacing(6)
        self.body.addWidget(self.prompt)
        self.body.addWidget(self.facts)
        self.body.addLayout(middle)
        self.body.addWidget(self.chips)

    def show_sheet(self, sheet: PairSheet) -> None:
        self.prompt.show_prompt(words.prompt_text(sheet.pair))
        facts = words.facts(sheet)
        self.facts.setText(facts)
        self.facts.setVisible(bool(facts))
        self.facts.setToolTip(
            "Gain: the critic's score of the good draft less that of the bad one, out of 10. Confidence: the least of"
            " what the judges, the spread of the scores and the checks in code say, from 0 to 1."
        )
        self.lineage.setText(words.lineage(sheet))
        self.chips.show_chips(_chips(sheet))


class SideCard(Card):
    """One answer: good or bad, a line of where it is from, and the text."""

    def __init__(self, name: str, kind: str, text: DiffText) -> None:
        super().__init__()
        self.text = text
        self.line = Dim()
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(Chip(name, kind))
        head.addWidget(self.line)
        head.addStretch()
        self.body.addLayout(head)
        self.body.addWidget(text, 1)


class VerdictCard(Card):
    """The critic's words; hidden where no critic spoke."""

    def __init__(self) -> None:
        super().__init__()
        self.words = Dim(wrap=True)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(Strong("Critic"), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.words, 1)
        self.body.addLayout(row)

    def show_words(self, text: str) -> None:
        self.words.setText(text)
        self.setVisible(bool(text))


def _beside(left: QWidget, right: QWidget) -> QWidget:
    both = QWidget()
    row = QHBoxLayout(both)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(12)
    row.addWidget(left, 1)
    row.addWidget(right, 1)
    return both


def _both_lines(bad: Side, good: Side, pair: Pair) -> str:
    return f"{words.side_line(bad, pair.bad)}  →  {words.side_line(good, pair.good)}"


def _missing(text: str | None, name: str) -> str:
    return f"This pair has no {name} answer." if text is None else ""


def _chips(sheet: PairSheet) -> list[tuple[str, str, str]]:
    pair = sheet.pair
    chips = [(words.STATE_NAMES[pair.state], words.STATE_KINDS[pair.state], "")]
    chips += [(finding, "warn", FINDING_TIPS.get(finding, "")) for finding in pair.lint]
    if sheet.cycle is not None:
        version = f", v{sheet.cycle.writer_version}" if sheet.cycle.writer_version else ""
        chips.append((f"writer {_short(sheet.cycle.writer)}{version}", "", sheet.cycle.writer))
        chips.append((f"critic {_short(sheet.cycle.critic)}", "", sheet.cycle.critic))
    return chips


def _short(name: str) -> str:
    return name if len(name) <= ENDPOINT_CHARACTERS else name[: ENDPOINT_CHARACTERS - 1] + "…"
