"""All that can be done in the pane, and the row of buttons below a pair."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedWidget, QWidget

from lorastudio.ui.panes.pairs.actions import KeyButton, key_action
from lorastudio.ui.widgets.buttons import Button, Key
from lorastudio.ui.widgets.labels import Dim


class PairActions(QObject):
    """Keys work while the focus is in `pane`, and Space only on the list and the texts, as it presses buttons too."""

    view_chosen = Signal(bool)  # inline?

    def __init__(self, pane: QWidget) -> None:
        super().__init__(pane)
        self.accept = key_action(pane, "Accept", "pairs.accept", "A", "Learn from this pair, and go on")
        self.reject = key_action(pane, "Reject", "pairs.reject", "R", "Keep it out of training, and go on")
        self.edit = key_action(pane, "Edit", "pairs.edit", "E", "Change the texts; the original is kept")
        self.skip = key_action(pane, "Skip", "pairs.skip", "S", "Leave it for later, and go on")
        self.undo = key_action(pane, "Undo", "pairs.undo", "", "Take back the last decision, edit or import")
        self.save = key_action(pane, "Save", "pairs.save", "", "Keep the new texts, and the original beside them")
        self.cancel = key_action(pane, "Cancel", "pairs.cancel", "", "Leave the texts as they were")
        self.toggle_view = key_action(pane, "Side by side or inline", "pairs.toggle_view", "Space", "Change the view")
        self.toggle_view.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.accept_many = key_action(pane, "Accept many…", "pairs.accept_many", "", "Accept by filter")
        self.reject_many = key_action(pane, "Reject many…", "pairs.reject_many", "", "Reject by filter")
        self.bring_in = key_action(pane, "Import…", "pairs.import", "", "Read pairs from files")
        self.is_inline = False
        pane.addActions([self.accept, self.reject, self.edit, self.skip])
        self.row = QStackedWidget()
        self.row.addWidget(self._review_row())
        self.row.addWidget(self._edit_row())
        self.row.setFixedHeight(34)
        self._beside = Button("Side by side", "pairs.view.beside", kind="small")
        self._inline = Button("Inline", "pairs.view.inline", kind="small")
        for button in (self._beside, self._inline):
            button.setCheckable(True)
        self.view_buttons = (self._beside, self._inline)
        self.view_key = Key("Space")
        self.view_key.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._beside.clicked.connect(self._on_beside)
        self._inline.clicked.connect(self._on_inline)
        self.show_view(False)

    def for_menu(self) -> list[QAction]:
        """In the order of the menu; undo is in the Edit menu of the window."""
        decisions = [self.accept, self.reject, self.edit, self.skip, self.toggle_view]
        return [*decisions, self.accept_many, self.reject_many]

    def allow(self, *, pair: bool, editing: bool) -> None:
        """What can be pressed now: is there a pair, and are its texts fields?"""
        for action in (self.accept, self.reject, self.edit, self.skip, self.toggle_view):
            action.setEnabled(pair and not editing)
        for action in (self.save, self.cancel):
            action.setEnabled(editing)
        for button in self.view_buttons:
            button.setEnabled(pair and not editing)
        self.row.setCurrentIndex(1 if editing else 0)

    def show_view(self, inline: bool) -> None:
        """Which of the two views is chosen."""
        self.is_inline = inline
        self._beside.setChecked(not inline)
        self._inline.setChecked(inline)

    def _review_row(self) -> QWidget:
        left = (KeyButton(self.reject, kind="danger"), KeyButton(self.edit), KeyButton(self.skip))
        return _row(left, (KeyButton(self.undo, key="Ctrl+Z"), KeyButton(self.accept, kind="good")))

    def _edit_row(self) -> QWidget:
        right = (Dim("The original is kept"), KeyButton(self.save, kind="primary", key="Ctrl+Return"))
        return _row((KeyButton(self.cancel, key="Esc"),), right)

    @Slot()
    def _on_beside(self) -> None:
        self.view_chosen.emit(False)

    @Slot()
    def _on_inline(self) -> None:
        self.view_chosen.emit(True)


def _row(left: tuple[QWidget, ...], right: tuple[QWidget, ...]) -> QWidget:
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(8)
    for widget in left:
        line.addWidget(widget)
    line.addStretch()
    for widget in right:
        line.addWidget(widget)
    return row
