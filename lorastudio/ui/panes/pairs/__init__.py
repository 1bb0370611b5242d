"""Pairs of a bad and a good draft, and what is decided about them."""

from lorastudio.ui.panes.pairs.pane import PairsPane

__all__ = ["PairsPane"]
