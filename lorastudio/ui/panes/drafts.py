"""Questions, and the drafts that grow out of them."""

from __future__ import annotations

from lorastudio.bridge.backend import Backend
from lorastudio.ui.panes.base import Pane
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.empty_state import EmptyState


class DraftsPane(Pane):
    """Questions, and the drafts that grow out of them."""

    name = "drafts"
    title = "Drafts"

    def __init__(self, backend: Backend, theme: Theme) -> None:
        super().__init__(backend, theme)
        self.empty = EmptyState(
            "No drafts yet",
            "Questions come here, and the drafts that the model writes for them.",
        )
        self.body.addWidget(self.empty)
