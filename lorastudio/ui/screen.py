"""Whether there is a screen to open a window on; imports no Qt."""

from __future__ import annotations

import os
import sys

NO_SCREEN = "There is no screen to open a window on. In a terminal, `lorastudio demo` runs the whole loop."


def has_screen() -> bool:
    """On Linux: a display, or a Qt platform that needs none; elsewhere always."""
    if sys.platform != "linux":
        return True
    if platform := os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0]:
        return platform not in ("xcb", "wayland") or _has_display()
    return _has_display()


def _has_display() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
