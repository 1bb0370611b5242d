"""The `kind` of a widget: what the style sheet tells its looks by."""

from __future__ import annotations

from typing import Literal

from PySide6.QtWidgets import QWidget

Kind = Literal["", "good", "bad", "warn", "accent", "dim"]


def set_kind(widget: QWidget, kind: str) -> None:
    """Give the widget another look; it is restyled at once, if it was ever on the screen."""
    if (widget.property("kind") or "") == kind:
        return
    widget.setProperty("kind", kind)
    if widget.window().windowHandle() is None:
        return
    for item in (widget, *widget.findChildren(QWidget)):
        item.style().unpolish(item)
        item.style().polish(item)
    widget.update()
