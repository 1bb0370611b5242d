"""What was left unfinished, offered at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.requests.looping import go_on_with_cycle, go_on_with_run
from lorastudio.bridge.requests.overview import read_unfinished
from lorastudio.bridge.stages import STAGES
from lorastudio.ui.widgets.error_bar import NoticeBar

if TYPE_CHECKING:
    from lorastudio.bridge.requests.overview import Unfinished


class Resumer(QObject):
    """Fills the notice bar with the newest unfinished work; its button goes on with it."""

    started = Signal(object)  # Job

    def __init__(self, backend: Backend, bar: NoticeBar) -> None:
        super().__init__(bar)
        self._backend = backend
        self._bar = bar
        self._offer: Unfinished | None = None
        self._mended: list[str] = []
        backend.opened.connect(self._on_opened)
        bar.pressed.connect(self._on_go_on)

    @Slot(object)
    def _on_opened(self, mended: list[str]) -> None:
        self._mended = mended
        self._backend.ask(read_unfinished, answer=self._on_unfinished)

    @Slot(object)
    def _on_unfinished(self, found: list[Unfinished]) -> None:
        if not found or self._backend.running():
            return
        self._offer = next((item for item in reversed(found) if item.kind == "cycle"), found[-1])
        others = f" {len(found) - 1} more are waiting." if len(found) > 1 else ""
        self._bar.say(
            f"{_name(self._offer)} was left unfinished.", f"{' '.join(self._mended)}{others}".strip(), "Go on"
        )

    @Slot()
    def _on_go_on(self) -> None:
        offer, self._offer = self._offer, None
        if offer is None:
            return
        if offer.kind == "cycle":
            job = self._backend.start("cycle", f"Cycle {offer.id}", go_on_with_cycle)
        else:
            job = self._backend.start("training", f"Training run {offer.id}", go_on_with_run, offer.id)
        self.started.emit(job)


def _name(item: Unfinished) -> str:
    if item.kind == "training":
        return f"Training run {item.id}"
    return f"Cycle {item.id} ({STAGES.get(item.stage, item.stage).lower()})"
