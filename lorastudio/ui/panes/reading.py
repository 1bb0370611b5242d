"""A pane that shows one view of the library and reads it again when something has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import Slot
from PySide6.QtGui import QAction

from lorastudio.bridge.backend import Backend
from lorastudio.domain.errors import KnownError
from lorastudio.ui.panes.base import Pane
from lorastudio.ui.theme import Theme

if TYPE_CHECKING:
    from lorastudio.domain.changes import Changes

View = TypeVar("View")


class ReadingPane(Pane):
    """Asks `request` for its view at every show and change, once at a time, and once more when changed meanwhile.

    `request` runs on the store's thread, `show_view` gets its answer on this one.
    """

    def __init__(
        self, backend: Backend, theme: Theme, request: Callable[..., View], show_view: Callable[[View], None]
    ) -> None:
        super().__init__(backend, theme)
        self._request = request
        self._show_view = show_view
        self._asking = self._ask_again = False
        backend.changed.connect(self._on_changed)

    def shown(self) -> None:
        self._read()

    def _action(self, text: str, name: str, tip: str, slot: Any) -> QAction:
        """An action of this pane, found under the pane's name and its own."""
        action = QAction(text, self)
        action.setObjectName(f"{self.name}.{name}")
        action.setToolTip(tip)
        action.triggered.connect(slot)
        return action

    @Slot(object)
    def _on_changed(self, _changes: Changes) -> None:
        if self.isVisible():
            self._read()

    def _read(self) -> None:
        if self._asking:
            self._ask_again = True
            return
        self._asking = True
        self.backend.ask(self._request, answer=self._on_read, failed=self._on_read_failed)

    @Slot(object)
    def _on_read(self, view: Any) -> None:
        self._asking = False
        self._show_view(view)
        if self._ask_again:
            self._ask_again = False
            self._read()

    @Slot(object)
    def _on_read_failed(self, error: KnownError) -> None:
        self._asking = self._ask_again = False
        self.show_error(error)
