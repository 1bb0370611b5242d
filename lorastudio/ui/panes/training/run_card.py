"""The run whose curves are shown: what it learnt from, how it ended, and which rows were left out and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout

from lorastudio.ui.panes.training.recipe import OBJECTIVES
from lorastudio.ui.panes.training.run_list import run_chip
from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.kinds import set_kind
from lorastudio.ui.widgets.labels import Dim, Figure
from lorastudio.ui.wording import count, counted

if TYPE_CHECKING:
    from lorastudio.bridge.requests.runs import RunStory
    from lorastudio.domain.run import Run

NAMES = {value: words for value, words, _ in OBJECTIVES}


def run_in_words(run: Run) -> str:
    """Run 7, good vs bad on 1,084 pairs."""
    objective = NAMES.get(str(run.config.get("objective")), "training")
    return f"Run {run.id}, {objective[0].lower()}{objective[1:]} on {counted(run.num_examples, 'pair')}"


class RunCard(Card):
    """Filled with a `RunStory`."""

    def __init__(self) -> None:
        super().__init__("Run")
        self.chip = Chip()
        self.head.addStretch()
        self.head.addWidget(self.chip)
        self._grid = QGridLayout()
        self._grid.setColumnStretch(0, 1)
        self._grid.setVerticalSpacing(5)
        self._lines: list[tuple[Dim, Figure]] = []
        self.body.addLayout(self._grid)
        self.left_out = Dim(wrap=True)
        self.left_out.setObjectName("training.left_out")
        self.error = Dim(wrap=True, kind="bad")
        self.version_button = Button("Show in Versions", "training.to_versions", kind="small")
        for widget in (self.left_out, self.error, self.version_button):
            self.body.addWidget(widget)
        self.hide()

    def show_story(self, story: RunStory) -> None:
        """Show a run."""
        run = story.run
        self.title.setText(f"Run {run.id}")
        words, kind = run_chip(run)
        self.chip.setText(words)
        set_kind(self.chip, kind)
        self._show_lines(_facts(story))
        total = sum(number for _, number in story.left_out)
        reasons = "\n".join(f"{count(number)}: {words}" for words, number in story.left_out)
        self.left_out.setText(
            f"{counted(total, 'row')} left out, not cut:\n{reasons}" if total else "No row was left out."
        )
        self.error.setText(run.error)
        self.error.setVisible(bool(run.error))
        self.version_button.setVisible(run.state.value == "finished")
        self.show()

    def _show_lines(self, facts: list[tuple[str, str]]) -> None:
        while len(self._lines) < len(facts):
            line = (Dim(), Figure())
            for column, label in enumerate(line):
                self._grid.addWidget(label, len(self._lines), column)
            line[1].setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._lines.append(line)
        for place, (name, figure) in enumerate(self._lines):
            given = facts[place] if place < len(facts) else ("", "")
            name.setText(given[0])
            figure.setText(given[1])
            for label in (name, figure):
                label.setVisible(bool(given[0]))


def _facts(story: RunStory) -> list[tuple[str, str]]:
    run, result = story.run, story.run.result
    facts = [("Learnt from", count(run.num_examples)), ("Watched on", count(story.development))]
    facts.append(("Held out", count(story.heldout)))
    loss, preference = result.get("final_loss"), result.get("validation_accuracy")
    if loss is not None:
        facts.append(("Loss at the end", f"{loss:.3f}"))
    if preference is not None:
        facts.append(("Prefers the good draft", f"{100 * preference:.0f}%"))
    if result.get("best_step"):
        facts.append(("Kept: best step", count(result["best_step"])))
    if result.get("skipped_steps"):
        facts.append(("Skipped steps", count(result["skipped_steps"])))
    return facts
