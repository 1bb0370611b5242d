"""Finished versions: judged, deployed, rolled back."""

from __future__ import annotations

from lorastudio.bridge.backend import Backend
from lorastudio.ui.panes.base import Pane
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.empty_state import EmptyState


class VersionsPane(Pane):
    """Finished versions: judged, deployed, rolled back."""

    name = "versions"
    title = "Versions"

    def __init__(self, backend: Backend, theme: Theme) -> None:
        super().__init__(backend, theme)
        self.empty = EmptyState(
            "No versions yet",
            "Each finished training run becomes a version here, to be judged and deployed.",
        )
        self.body.addWidget(self.empty)
