"""The run whose curves are shown: what it learnt from, how it ended, and which rows were left out and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout

from lorastudio.domain.sizes import size_in_words
from lorastudio.ui.panes.training.objectives import WORDS
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

ENDINGS = {"early stop": "early, no better", "kept": "kept by hand"}  # of `training.protocol.Ending`


def run_in_words(run: Run) -> str:
    """Run 7, good vs bad on 1,084 pairs."""
    known = WORDS.get(str(run.config.get("objective")))
    objective = known.words if known else "training"
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

    def _show_lines(self, facts: list[Fact]) -> None:
        while len(self._lines) < len(facts):
            line = (Dim(), Figure())
            for column, label in enumerate(line):
                self._grid.addWidget(label, len(self._lines), column)
            line[1].setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._lines.append(line)
        for place, (name, figure) in enumerate(self._lines):
            given = facts[place] if place < len(facts) else Fact("", "")
            name.setText(given.name)
            figure.setText(given.figure)
            for label in (name, figure):
                label.setToolTip(given.tip)
                label.setVisible(bool(given.name))


class Fact(NamedTuple):
    """One line of the card; `tip` has the field's term."""

    name: str
    figure: str
    tip: str = ""


def _facts(story: RunStory) -> list[Fact]:
    result = story.run.result
    facts = [
        Fact("Learnt from", count(result.get("num_examples", story.run.num_examples))),
        Fact("Watched on", count(story.development), "Development rows: they decide which adapter is kept"),
        Fact("Held out", count(story.heldout), "Rows that only the figures below are measured on"),
    ]
    if result.get("final_loss") is not None:
        facts.append(Fact("Loss at the end", f"{result['final_loss']:.3f}"))
    for field, name, tip in (
        ("validation_accuracy", "Prefers the good draft", "Preference accuracy, per token, on held-out pairs"),
        ("reference_accuracy", "More than its base", "Reward accuracy over the base model, on held-out pairs"),
        ("token_accuracy", "Next word right", "Token accuracy on held-out good drafts"),
    ):
        if result.get(field) is not None:
            facts.append(Fact(name, f"{100 * result[field]:.0f}%", tip))
    if result.get("best_step"):
        facts.append(Fact("Kept: best step", count(result["best_step"])))
    if result.get("skipped_steps"):
        facts.append(Fact("Skipped steps", count(result["skipped_steps"]), "They were not finite and changed nothing"))
    if result.get("ended") in ENDINGS:
        facts.append(Fact("Ended", ENDINGS[result["ended"]]))
    if execution := result.get("execution"):
        why = execution.get("reason") or "Texts lie end to end, and what they share is computed once"
        facts.append(Fact("Computed", execution["path"], why))
    if story.steps:
        peak = max(step.get("peak_memory_bytes") or 0 for step in story.steps)
        if peak:
            facts.append(Fact("Memory at most", size_in_words(peak), "As the trainer itself counts it"))
    return facts
