"""The sidebar: the five panes in the order of the loop, how ready the library is, and what is live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.dot import Dot
from lorastudio.ui.widgets.kinds import set_kind
from lorastudio.ui.widgets.labels import Dim, Figure, Strong, Text
from lorastudio.ui.widgets.thin_bar import ThinBar
from lorastudio.ui.wording import count, counted

if TYPE_CHECKING:
    from lorastudio.bridge.requests.overview import Overview
    from lorastudio.services.curation import Readiness

WIDTH_PX = 216
ICON_PX = 17


class Count(Text):
    """The figure at the right of a pane's name."""


class NavButton(QPushButton):
    """One pane in the sidebar: icon, name, a count or a dot for running work."""

    def __init__(self, name: str, title: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.title = title
        self._theme = theme
        self.setObjectName(f"sidebar.{name}")
        self.setAccessibleName(title)
        self.setCheckable(True)
        self.setFixedHeight(34)
        self._icon = QLabel(self)
        self._icon.setFixedSize(ICON_PX, ICON_PX)
        self._count = Count("", parent=self)
        self._dot = Dot(theme, "accent", self)
        self._dot.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 10, 0)
        row.setSpacing(10)
        row.addWidget(self._icon)
        row.addWidget(Text(title, parent=self))
        row.addStretch()
        row.addWidget(self._count)
        row.addWidget(self._dot)
        self.toggled.connect(self._on_toggled)
        theme.changed.connect(self.draw_icon)

    def show_count(self, text: str) -> None:
        self._count.setText(text)
        self._describe()

    def show_running(self, running: bool) -> None:
        """Show the dot; the word stands in the tooltip and for screen readers."""
        self._dot.setVisible(running)
        self._describe()

    def _describe(self) -> None:
        words = [self._count.text(), "running" if not self._dot.isHidden() else ""]
        self.setAccessibleDescription(", ".join(word for word in words if word))
        self.setToolTip("Work is running here" if not self._dot.isHidden() else "")

    @Slot()
    def _on_toggled(self) -> None:
        on = self.isChecked()
        set_kind(self, "on" if on else "")
        self._dot.set_colour("on_accent" if on else "accent")
        if not self._icon.pixmap().isNull():
            self.draw_icon()

    @Slot()
    def draw_icon(self) -> None:
        """Draw the icon in the colours of now; the first time after the first frame, which does not wait for it."""
        on = self.isChecked()
        tint = self._theme.icon(self.name, "on_accent" if on else "dim")
        self._icon.setPixmap(tint.pixmap(QSize(ICON_PX, ICON_PX), self.devicePixelRatioF()))


class Sidebar(QFrame):
    """Shows what it is told; says which pane is chosen and that a rollback is wanted."""

    chosen = Signal(str)
    rollback_wanted = Signal()

    def __init__(self, panes: list[tuple[str, str]], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sidebar")
        self.setFixedWidth(WIDTH_PX)
        self._group = QButtonGroup(self)
        self._buttons = {name: NavButton(name, title, theme) for name, title in panes}
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 12)
        column.setSpacing(1)
        column.addWidget(Text("THE LOOP", kind="section"))
        for button in self._buttons.values():
            self._group.addButton(button)
            column.addWidget(button)
        self._group.buttonClicked.connect(self._on_clicked)
        column.addWidget(Text("LIBRARY", kind="section"))
        column.addLayout(self._build_library())
        column.addStretch()
        column.addWidget(self._build_live(theme))

    def button(self, name: str) -> NavButton:
        return self._buttons[name]

    def draw_icons(self) -> None:
        """After the first frame."""
        for button in self._buttons.values():
            button.draw_icon()

    def show_chosen(self, name: str) -> None:
        """Mark a pane as the one in front; an empty name marks none."""
        self._group.setExclusive(bool(name))
        for button in self._buttons.values():
            button.setChecked(button.name == name)

    def show_running(self, names: set[str]) -> None:
        for button in self._buttons.values():
            button.show_running(button.name in names)

    def show_readiness(self, readiness: Readiness, accepted: int) -> None:
        """How many pairs count against how many are needed; `accepted` are all that were accepted."""
        self._pairs.setText(counted(accepted, "accepted pair") if accepted else "No pairs yet")
        self._bar.setVisible(accepted > 0)
        self._bar.set_share(readiness.accepted / readiness.needed if readiness.needed else 1.0)
        set_kind(self._bar, "good" if readiness.ready else "")
        needed = count(readiness.needed)
        if readiness.ready:
            self._ready.say(f"Ready to train ({needed} needed)", "good")
        else:
            self._ready.say(f"{count(readiness.accepted)} of {needed} for a full version" if accepted else "")
        self._ready.setToolTip("\n".join(readiness.reasons))
        self._ready.setVisible(bool(self._ready.text()))

    def show_live(self, overview: Overview, address: str) -> None:
        """What answers now, where, and what one click would bring back."""
        self._dot.setVisible(overview.deployed)
        if overview.deployed:
            self._live.say(f"v{overview.live} is live" if overview.live else "The base model is live")
        else:
            self._live.say("Nothing is live yet", "dim")
        self._address.setText(address or "starts when it is needed")
        self._address.setVisible(overview.deployed)
        self._rollback.setVisible(overview.back_to is not None)
        if overview.back_to is not None:
            self._rollback.setText(f"Roll back to {f'v{overview.back_to}' if overview.back_to else 'base'}")

    def allow_rollback(self, allowed: bool) -> None:
        self._rollback.setEnabled(allowed)

    def _build_library(self) -> QVBoxLayout:
        self._pairs = Dim("No pairs yet")
        self._ready = Dim(wrap=True)
        self._ready.hide()
        self._bar = ThinBar()
        self._bar.hide()
        column = QVBoxLayout()
        column.setContentsMargins(10, 2, 10, 0)
        column.setSpacing(5)
        for widget in (self._pairs, self._bar, self._ready):
            column.addWidget(widget)
        return column

    def _build_live(self, theme: Theme) -> QFrame:
        frame = QFrame()
        frame.setObjectName("live")
        self._dot = Dot(theme, "good")
        self._dot.hide()
        self._live = Strong("Nothing is live yet", kind="dim")
        self._address = Figure(kind="dim")
        self._address.hide()
        self._address.setObjectName("sidebar.address")
        self._rollback = Button("Roll back", "sidebar.rollback")
        self._rollback.clicked.connect(self.rollback_wanted)
        self._rollback.hide()
        name = QHBoxLayout()
        name.setSpacing(10)
        name.addWidget(self._dot)
        name.addWidget(self._live)
        name.addStretch()
        column = QVBoxLayout(frame)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(6)
        column.addLayout(name)
        column.addWidget(self._address)
        column.addWidget(self._rollback)
        return frame

    @Slot(object)
    def _on_clicked(self, button: NavButton) -> None:
        self.chosen.emit(button.name)
