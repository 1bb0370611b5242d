"""Training runs and their curves."""

from __future__ import annotations

from lorastudio.bridge.backend import Backend
from lorastudio.ui.panes.base import Pane
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.empty_state import EmptyState


class TrainingPane(Pane):
    """Training runs and their curves."""

    name = "training"
    title = "Training"

    def __init__(self, backend: Backend, theme: Theme) -> None:
        super().__init__(backend, theme)
        self.empty = EmptyState(
            "No runs yet",
            "Training runs come here, with their curves.",
        )
        self.body.addWidget(self.empty)
