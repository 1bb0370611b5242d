"""A thin bar: how far, or how much."""

from __future__ import annotations

from PySide6.QtWidgets import QProgressBar, QWidget

FINE = 1000


class ThinBar(QProgressBar):
    """Shows a share from 0 to 1; kinds good, warn, bad and dim, else the accent."""

    def __init__(
        self, share: float = 0.0, *, kind: str = "", height_px: int = 5, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setTextVisible(False)
        self.setRange(0, FINE)
        self.setFixedHeight(height_px)
        if kind:
            self.setProperty("kind", kind)
        self.set_share(share)

    def set_share(self, share: float) -> None:
        self.setValue(round(FINE * min(max(share, 0.0), 1.0)))
