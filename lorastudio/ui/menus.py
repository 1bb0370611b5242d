"""The menu bar: everything that can be done, with its shortcut."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from lorastudio.ui.theme import MODE_NAMES, MODES


class Menus:
    """The menus of a window, empty at first. `pane_menu` shows the actions of the pane that is in front.

    Ctrl stands for Command on a Mac, where Qt swaps the two.
    """

    def __init__(self, window: QMainWindow) -> None:
        self._window = window
        self.file = window.menuBar().addMenu("&File")
        self.edit = window.menuBar().addMenu("&Edit")
        self.view = window.menuBar().addMenu("&View")
        self.pane_menu = window.menuBar().addMenu("&Pane")
        self.work = window.menuBar().addMenu("&Work")
        self.help = window.menuBar().addMenu("&Help")
        self.pane_menu.menuAction().setVisible(False)

    def add(
        self,
        menu: QMenu,
        text: str,
        name: str,
        pressed: Callable[[], object],
        keys: str = "",
        role: QAction.MenuRole = QAction.MenuRole.NoRole,
    ) -> QAction:
        """One action; `pressed` is a bound method of a QObject."""
        action = QAction(text, self._window)
        action.setObjectName(name)
        action.setMenuRole(role)
        if keys:
            action.setShortcut(QKeySequence(keys))
        action.triggered.connect(pressed)
        menu.addAction(action)
        return action

    def add_themes(self, chosen: str, pressed: Callable[[QAction], object]) -> QActionGroup:
        """View > Appearance; `pressed` gets the action, whose data is the mode."""
        menu = self.view.addMenu("Appearance")
        group = QActionGroup(self._window)
        for mode in MODES:
            action = menu.addAction(MODE_NAMES[mode])
            action.setObjectName(f"menu.appearance.{mode}")
            action.setCheckable(True)
            action.setChecked(mode == chosen)
            action.setData(mode)
            group.addAction(action)
        group.triggered.connect(pressed)
        return group

    def show_pane(self, title: str, actions: list[QAction]) -> None:
        """Put the actions of the pane in front into its menu."""
        self.pane_menu.clear()
        self.pane_menu.setTitle(title)
        self.pane_menu.addActions(actions)
        self.pane_menu.menuAction().setVisible(bool(actions))
