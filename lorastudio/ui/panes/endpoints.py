"""The servers that write, criticise, embed and teach."""

from __future__ import annotations

from lorastudio.bridge.backend import Backend
from lorastudio.ui.panes.base import Pane
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.empty_state import EmptyState


class EndpointsPane(Pane):
    """The servers that write, criticise, embed and teach."""

    name = "endpoints"
    title = "Endpoints"

    def __init__(self, backend: Backend, theme: Theme) -> None:
        super().__init__(backend, theme)
        self.empty = EmptyState(
            "No servers yet",
            "The servers that write and criticise come here. Without any, LoRA Studio's own engine writes.",
        )
        self.body.addWidget(self.empty)
