"""The servers that write, criticise, embed and teach."""

from lorastudio.ui.panes.endpoints.pane import EndpointsPane

__all__ = ["EndpointsPane"]
