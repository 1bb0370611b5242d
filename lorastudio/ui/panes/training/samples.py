"""What the model answered at the last evaluation: the curves say how much it has changed, the answers say how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.empty_state import EmptyState
from lorastudio.ui.widgets.labels import Dim, ElidedText, Text
from lorastudio.ui.widgets.scroll_column import ScrollColumn
from lorastudio.ui.wording import count, counted

GOOD_FROM, FAIR_FROM = 0.8, 0.5
SHOWN = 24


class SamplesView(QWidget):
    """Shows one `eval` message; an empty one when there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.words = Dim()
        self.words.setObjectName("training.samples")
        self.empty = EmptyState(
            "No sampled answers yet",
            "At every evaluation the model answers a few prompts that it does not learn from. They come here.",
        )
        self._area: ScrollColumn | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(10)
        self._column.addWidget(self.words)
        self._column.addWidget(self.empty, 1)

    def show_evaluation(self, record: Mapping[str, Any]) -> None:
        """Show the answers of an evaluation."""
        samples = list(record.get("samples") or ())
        if self._area is not None:
            self._area.hide()
            self._area.deleteLater()
            self._area = None
        self.empty.setVisible(not samples)
        self.words.setVisible(bool(samples))
        if not samples:
            return
        quality = record.get("quality")
        mean = "" if quality is None else f", mean quality {100 * quality:.0f}%"
        of = f"The first {SHOWN} of {count(len(samples))} answers" if len(samples) > SHOWN else ""
        self.words.setText(f"{of or counted(len(samples), 'answer')} at step {count(int(record['step']))}{mean}")
        self._area = ScrollColumn([_card(sample) for sample in samples[:SHOWN]])
        self._area.setObjectName("training.samples.area")
        self._area.setAccessibleName("Sampled answers")
        self._column.addWidget(self._area, 1)


def _card(sample: Mapping[str, Any]) -> Card:
    card = Card()
    card.body.setSpacing(6)
    quality = sample.get("quality")
    if quality is None:
        chip = Chip("not scored")
    else:
        kind = "good" if quality >= GOOD_FROM else "warn" if quality >= FAIR_FROM else "bad"
        chip = Chip(f"quality {100 * quality:.0f}%", kind)
    prompt = ElidedText(str(sample["prompt"]), kind="dim")
    card.head.addWidget(prompt, 1)
    if sample.get("finish_reason") == "length":
        cut = Chip("cut", "warn")
        cut.setToolTip("The answer was as long as answers may get here, and ended there")
        card.head.addWidget(cut)
    card.head.addWidget(chip)
    card.body.addLayout(card.head)
    answer = Text(str(sample["answer"]) or "(an empty answer)", wrap=True)
    answer.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    card.body.addWidget(answer)
    return card
