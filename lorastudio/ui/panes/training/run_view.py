"""What is to be seen of one run: how far it is, its curves, its sampled answers, and what it learns from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from lorastudio.domain.events import Event
from lorastudio.domain.sizes import size_in_words
from lorastudio.domain.training_events import DataReported, Evaluated, MemoryPlanned, StepDone
from lorastudio.ui.panes.training.curves import CurvesView
from lorastudio.ui.panes.training.data_view import DataView
from lorastudio.ui.panes.training.follower import RunFollower
from lorastudio.ui.panes.training.samples import SamplesView
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.labels import Dim
from lorastudio.ui.widgets.plots.run_curves import RunCurves
from lorastudio.ui.widgets.thin_bar import ThinBar
from lorastudio.ui.wording import count, time_left

if TYPE_CHECKING:
    from lorastudio.bridge.requests.runs import RunStory

LEAST_BAR_PX = 60
TABS = ("Curves", "Answers", "Data")


class RunView(QWidget):
    """Filled with a `RunStory`, and then with the events that come after it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.progress = ThinBar()
        self.progress.setMinimumWidth(LEAST_BAR_PX)
        self.progress.setAccessibleName("Progress of the run")
        self.progress_words = Dim()
        self.progress_words.setObjectName("training.progress")
        self.curves = CurvesView(theme)
        self.samples = SamplesView()
        self.data = DataView()
        self.tabs = QTabBar()
        self.tabs.setObjectName("training.tabs")
        self.tabs.setAccessibleName("What is shown of the run")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self._stack = QStackedWidget()
        for title, view in zip(TABS, (self.curves, self.samples, self.data), strict=True):
            self.tabs.addTab(title)
            self._stack.addWidget(view)
        self.tabs.currentChanged.connect(self._stack.setCurrentIndex)
        self._data: dict[str, Any] | None = None
        self._plan: dict[str, Any] | None = None
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.progress, 1)
        row.addWidget(self.progress_words)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(row)
        column.addWidget(self.tabs)
        column.addWidget(self._stack, 1)

    def show_story(self, story: RunStory, curves: RunCurves) -> None:
        """Show another run, with its curves so far."""
        self.curves.show_curves(curves)
        self.samples.show_evaluation(story.evals[-1] if story.evals else {})
        self._data, self._plan = story.data, story.plan
        self.data.show_run(self._data, self._plan)

    def take(self, events: Iterable[Event]) -> None:
        """Show what the run says."""
        evaluated: Evaluated | None = None
        told = False
        for event in events:
            if isinstance(event, StepDone):
                self.curves.curves.add_step(event.figures)
            elif isinstance(event, Evaluated):
                self.curves.curves.add_eval(asdict(event))
                evaluated = event
            elif isinstance(event, DataReported):
                self._data, told = event.figures, True
            elif isinstance(event, MemoryPlanned):
                self._plan, told = event.figures, True
        self.curves.grown()
        if evaluated is not None:
            self.samples.show_evaluation(asdict(evaluated))
        if told:
            self.data.show_run(self._data, self._plan)

    def show_progress(self, follower: RunFollower) -> None:
        """How far what trains now is; nothing when nothing does."""
        self.progress.setVisible(follower.busy)
        self.progress_words.setVisible(follower.busy)
        if follower.busy:
            self.progress.set_share(follower.share)
            self.progress_words.setText(_progress_words(follower))


def _progress_words(follower: RunFollower) -> str:
    if follower.stopping:
        return "Stopping at the next step; what is finished is kept"
    if follower.finishing:
        return "Ending here: what was learnt becomes a version"
    if not follower.step:
        return follower.phase_words
    speed, peak = follower.figures.get("tokens_per_s"), follower.figures.get("peak_memory_bytes")
    parts = (
        f"Step {count(follower.step)} of {count(follower.steps)}",
        follower.phase_words,
        f"{count(round(speed))} tokens/s" if speed else "",
        f"{size_in_words(peak)} at most" if peak else "",
        time_left(follower.left_s),
    )
    return ", ".join(part for part in parts if part)
