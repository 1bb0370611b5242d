"""Brings the charts' libraries in on a thread, so that showing the first chart does not stop the window."""

from __future__ import annotations

from PySide6.QtCore import QObject, QThread, Signal, Slot


class _Import(QThread):
    def run(self) -> None:
        import lorastudio.ui.widgets.plots.chart  # noqa: F401


class ChartLoading(QObject):
    """`start` once; `ready` comes when `plots.chart` can be imported without a wait."""

    ready = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._thread = _Import()
        self._thread.finished.connect(self._on_finished)
        self._begun = False
        self.is_ready = False

    def start(self) -> None:
        if not self._begun:
            self._begun = True
            self._thread.start()
            self.destroyed.connect(self._thread.wait)

    @Slot()
    def _on_finished(self) -> None:
        self._thread.wait()
        self.is_ready = True
        self.ready.emit()
