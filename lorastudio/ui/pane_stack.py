"""The five panes, each built when it is first shown."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from lorastudio.bridge.backend import Backend
from lorastudio.ui.panes.base import Pane
from lorastudio.ui.theme import Theme

# In the order of the loop. A pane's module is imported when the pane is first shown: plots bring numpy with them.
PANES = (
    ("endpoints", "Endpoints"),
    ("drafts", "Drafts"),
    ("pairs", "Pairs"),
    ("training", "Training"),
    ("versions", "Versions"),
)


class PaneStack(QStackedWidget):
    """Builds and shows panes, and keeps what they want back after a restart."""

    built = Signal(object)  # Pane

    def __init__(self, backend: Backend, theme: Theme, saved: dict[str, dict[str, Any]]) -> None:
        super().__init__()
        self.setObjectName("stack")
        self._backend = backend
        self._theme = theme
        self._saved = saved
        self._panes: dict[str, Pane] = {}
        self._blank = QWidget()
        self.addWidget(self._blank)

    @property
    def front(self) -> Pane | None:
        """The pane that is shown; None while the first-start page or nothing is."""
        shown = self.currentWidget()
        return shown if isinstance(shown, Pane) else None

    def pane(self, name: str) -> Pane | None:
        """A pane that was built already."""
        return self._panes.get(name)

    def bring(self, name: str) -> Pane:
        """Show a pane; it is built if it never was."""
        pane = self._panes.get(name) or self._build(name)
        self.setCurrentWidget(pane)
        pane.shown()
        return pane

    def bring_page(self, page: QWidget) -> None:
        """Show something that is no pane."""
        if self.indexOf(page) < 0:
            self.addWidget(page)
        self.setCurrentWidget(page)

    def states(self) -> dict[str, dict[str, Any]]:
        """What the panes want back, with what was saved by those that were not shown this time."""
        return self._saved | {name: pane.state() for name, pane in self._panes.items()}

    def _build(self, name: str) -> Pane:
        module = import_module(f"lorastudio.ui.panes.{name}")
        kind: type[Pane] = getattr(module, f"{dict(PANES)[name]}Pane")
        pane = kind(self._backend, self._theme)
        pane.restore(self._saved.get(name, {}))
        self._panes[name] = pane
        self.addWidget(pane)
        self.built.emit(pane)
        return pane
