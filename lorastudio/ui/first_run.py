"""The first start: what this is, and the two ways to begin."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lorastudio.ui.widgets.buttons import Button, PrimaryButton
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.labels import Dim, Heading, Subheading

WIDTH_PX = 720
CARD_INSIDE_PX = 22


class FirstRun(QWidget):
    """Shown while nothing was ever set up or done in the library."""

    practice_wanted = Signal()
    own_models_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("first_run")
        self.practice = PrimaryButton("Start the practice loop", "first_run.practice", key="Return")
        self.practice.clicked.connect(self.practice_wanted)
        self.own_models = Button("Set up…", "first_run.own_models")
        self.own_models.clicked.connect(self.own_models_wanted)
        title = Heading("Teach your model from its own drafts")
        line = Dim(
            "It drafts, a critic finds the faults, you keep what is better, and the next draft is written by what "
            "it learnt.",
            kind="lead",
            wrap=True,
        )
        drop = Dim("Already have pairs? Drop a file with them anywhere.", kind="lead")
        inside = QWidget()
        inside.setMaximumWidth(WIDTH_PX)
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(18)
        column.addStretch(2)
        column.addWidget(title)
        column.addWidget(line)
        column.addLayout(self._build_cards())
        column.addWidget(drop)
        column.addStretch(3)
        across = QHBoxLayout(self)
        across.setContentsMargins(22, 16, 22, 16)
        across.addStretch()
        across.addWidget(inside, 100)
        across.addStretch()

    def _build_cards(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(
            _card(
                "Try it in the practice world",
                "A small practice model on this computer writes, is corrected, trains and is deployed. "
                "No servers, no download, about a minute.",
                self.practice,
            )
        )
        row.addWidget(
            _card(
                "Use my own models",
                "Pick the server that writes and the one that criticises: Ollama, LM Studio, llama.cpp, vLLM, "
                "or any other that speaks the OpenAI API.",
                self.own_models,
            )
        )
        return row


def _card(title: str, words: str, button: Button) -> Card:
    card = Card()
    card.body.setContentsMargins(*(CARD_INSIDE_PX,) * 4)
    card.body.setSpacing(12)
    heading = Subheading(title)
    card.body.addWidget(heading)
    card.body.addWidget(Dim(words, wrap=True))
    card.body.addStretch()
    card.body.addSpacing(28)
    card.body.addWidget(button)
    return card
