"""Questions, and the drafts that grow out of them."""

from lorastudio.ui.panes.drafts.pane import DraftsPane

__all__ = ["DraftsPane"]
