"""Texts, by what they are for."""

from __future__ import annotations

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from lorastudio.ui.widgets.kinds import set_kind


class Text(QLabel):
    """Plain text, never read as HTML (the style sheet says so); `wrap` breaks it over lines."""

    def __init__(self, text: str = "", *, kind: str = "", wrap: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setWordWrap(wrap)
        if kind:
            self.setProperty("kind", kind)
        if wrap:
            self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)

    def say(self, text: str, kind: str = "") -> None:
        """Show another text, in another look."""
        self.setText(text)
        set_kind(self, kind)


class Heading(Text):
    """The title of a pane."""


class Subheading(Text):
    """The title of a card."""


class Dim(Text):
    """What only explains; kinds good, bad and warn."""


class Strong(Text):
    """A name or a state that stands out; kinds good, bad and warn."""


class Figure(Text):
    """A number, in a font whose digits are all as wide; kinds dim, good and bad."""

    def __init__(self, text: str = "", *, kind: str = "", px: int = 12, parent: QWidget | None = None) -> None:
        super().__init__(text, kind=kind, parent=parent)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(px)
        self.setFont(font)


class ElidedText(Text):
    """One line that ends in "…" where there is no room; the whole text is in the tooltip."""

    def __init__(self, text: str = "", *, kind: str = "", parent: QWidget | None = None) -> None:
        super().__init__("", kind=kind, parent=parent)
        self._whole = text
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(40)
        self.say(text, kind)

    def say(self, text: str, kind: str = "") -> None:
        self._whole = text
        self.setToolTip(text)
        set_kind(self, kind)
        self._elide()

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        line = " ".join(self._whole.split())
        if not line:
            self.clear()
            return
        from PySide6.QtCore import Qt  # see `stylesheet`

        self.setText(self.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, max(self.width(), 1)))
