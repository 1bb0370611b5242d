"""Versions, the gate and deployment."""

from lorastudio.ui.panes.versions.pane import VersionsPane

__all__ = ["VersionsPane"]
