"""Pairs of a bad and a good draft, and what is decided about them."""

from __future__ import annotations

from lorastudio.bridge.backend import Backend
from lorastudio.ui.panes.base import Pane
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.empty_state import EmptyState


class PairsPane(Pane):
    """Pairs of a bad and a good draft, and what is decided about them."""

    name = "pairs"
    title = "Pairs"

    def __init__(self, backend: Backend, theme: Theme) -> None:
        super().__init__(backend, theme)
        self.empty = EmptyState(
            "No pairs yet",
            "Pairs of a bad and a good draft come here, for you to accept or reject.",
        )
        self.body.addWidget(self.empty)
