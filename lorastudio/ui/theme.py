"""Light and dark: follows the system, or what the person chose; every widget and plot takes its colours from here."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPalette
from PySide6.QtWidgets import QApplication

from lorastudio.ui.colours import DARK, LIGHT, Colours
from lorastudio.ui.icons import icon, icon_path
from lorastudio.ui.stylesheet import style_sheet

Mode = Literal["system", "light", "dark"]
MODES: tuple[Mode, ...] = ("system", "light", "dark")
MODE_NAMES: dict[Mode, str] = {"system": "As the system", "light": "Light", "dark": "Dark"}
TEXT_PX = 13
MIDDLE_LIGHTNESS = 128


class Theme(QObject):
    """The palette and the fonts of the whole window. One per application."""

    changed = Signal()  # the palette is another one: repaint what was painted by hand

    def __init__(self, app: QApplication, mode: Mode = "system") -> None:
        super().__init__(app)
        self._app = app
        self.mode: Mode = mode
        self.colours = LIGHT
        self._system_is_dark = app.palette().window().color().lightness() < MIDDLE_LIGHTNESS
        app.setFont(self.text_font())
        self._apply()

    @property
    def is_dark(self) -> bool:
        return self.colours is DARK

    @Slot()
    def follow_system(self) -> None:
        """After the first frame: hear when the system turns light or dark, and tell it what was chosen here."""
        self._app.styleHints().colorSchemeChanged.connect(self._on_scheme_changed)
        if self.mode != "system":
            self.set_mode(self.mode)

    def set_mode(self, mode: Mode) -> None:
        """Follow the system, or stay light or dark; native title bars and dialogs go along."""
        from PySide6.QtCore import Qt  # see `stylesheet`

        scheme = Qt.ColorScheme
        self.mode = mode
        chosen = {"system": scheme.Unknown, "light": scheme.Light, "dark": scheme.Dark}[mode]
        self._app.styleHints().setColorScheme(chosen)
        self._on_scheme_changed()

    def text_font(self, px: int = TEXT_PX) -> QFont:
        """The system's own font."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
        font.setPixelSize(px)
        return font

    def figure_font(self, px: int = 12) -> QFont:
        """For figures: every digit is as wide as every other."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(px)
        return font

    def colour(self, name: str) -> QColor:
        """A colour of the palette by its name in `Colours`, such as "accent"."""
        return QColor(getattr(self.colours, name))

    def icon(self, name: str, colour: str = "text") -> QIcon:
        """A line icon of resources/icons, tinted with a colour of the palette. Ask again after `changed`."""
        return icon(name, getattr(self.colours, colour))

    @Slot()
    def _on_scheme_changed(self) -> None:
        from PySide6.QtCore import Qt

        if self.mode == "system":
            self._system_is_dark = self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark
        self._apply()

    def _apply(self) -> None:
        before = self.colours
        dark = self._system_is_dark if self.mode == "system" else self.mode == "dark"
        self.colours = DARK if dark else LIGHT
        if self.colours is before and self._app.styleSheet():
            return
        self._app.setPalette(_palette(self.colours))
        self._app.setStyleSheet(
            style_sheet(self.colours, chevron=_mark("chevron-down", dark), tick=icon_path("check-white"))
        )
        self.changed.emit()


def _mark(name: str, dark: bool) -> str:
    """Images in a style sheet can't be tinted, so there is a light one for the dark palette."""
    return icon_path(f"{name}-light" if dark else name)


def _palette(colours: Colours) -> QPalette:
    """The palette for what the style sheet does not reach: native dialogs, selections, placeholders."""
    role = QPalette.ColorRole
    palette = QPalette()
    for name, colour in (
        (role.Window, colours.background),
        (role.WindowText, colours.text),
        (role.Base, colours.field),
        (role.AlternateBase, colours.card),
        (role.Text, colours.text),
        (role.PlaceholderText, colours.dim),
        (role.Button, colours.field),
        (role.ButtonText, colours.text),
        (role.Highlight, colours.accent),
        (role.HighlightedText, colours.on_accent),
        (role.Accent, colours.accent),
        (role.Link, colours.accent),
        (role.ToolTipBase, colours.field),
        (role.ToolTipText, colours.text),
        (role.Mid, colours.line),
    ):
        palette.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor(colours.faint))
    return palette
