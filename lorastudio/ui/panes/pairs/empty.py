"""What the pane says where there is nothing to show."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lorastudio.bridge.requests.pairs import PairFilter
from lorastudio.domain.pair import PairState
from lorastudio.ui.widgets.empty_state import EmptyState


def no_pairs_yet() -> EmptyState:
    """For a library without any pair."""
    return EmptyState(
        "No pairs yet",
        "A pair is a bad and a good draft of the same answer; the drafting loop makes them, and you accept or reject"
        " each. Files of pairs can be dropped anywhere on the window.",
        "Try it in the practice world",
        name="pairs.empty.practice",
    )


class NothingHere(QWidget):
    """For a list that is empty although the library is not."""

    clear_wanted = Signal()
    go_to = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.not_found = EmptyState(
            "No pair has these words",
            "The search looks for beginnings of words in prompts and both drafts; all of them must occur.",
            "Clear the search",
            name="pairs.clear_search",
        )
        self.reviewed = EmptyState(
            "Nothing left to review",
            "All pairs are decided. Accepted ones are what the model learns from.",
            "Go to Training",
            name="pairs.go_to_training",
        )
        self.none = EmptyState("No such pairs", "What you accept or reject comes here, and can still be changed.")
        self._states = (self.not_found, self.reviewed, self.none)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for state in self._states:
            column.addWidget(state)
            state.hide()
        self.not_found.pressed.connect(self.clear_wanted)
        self.reviewed.pressed.connect(self._on_training)

    def explain(self, chosen: PairFilter) -> None:
        """Say why the filter shows nothing."""
        fitting = self.not_found if chosen.search else self.reviewed if chosen.state is PairState.PENDING else self.none
        for state in self._states:
            state.setVisible(state is fitting)

    @Slot()
    def _on_training(self) -> None:
        self.go_to.emit("training")
