"""Training: the recipe, whether there is enough to train on, and the curves of the run, live or of long ago."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.job import Job
from lorastudio.bridge.requests import runs as requests
from lorastudio.domain.events import Event
from lorastudio.ui.panes.base import BETWEEN_CARDS_PX
from lorastudio.ui.panes.reading import ReadingPane
from lorastudio.ui.panes.training.curves import CurvesView
from lorastudio.ui.panes.training.follower import RunFollower
from lorastudio.ui.panes.training.readiness import ReadinessCard
from lorastudio.ui.panes.training.recipe import RecipeCard
from lorastudio.ui.panes.training.run_card import RunCard, run_in_words
from lorastudio.ui.panes.training.run_list import RunList
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.buttons import ActionButton
from lorastudio.ui.widgets.empty_state import EmptyState
from lorastudio.ui.widgets.error_bar import NoticeBar
from lorastudio.ui.widgets.labels import Dim
from lorastudio.ui.widgets.plots.run_curves import RunCurves
from lorastudio.ui.widgets.thin_bar import ThinBar
from lorastudio.ui.wording import count, time_left

if TYPE_CHECKING:
    from lorastudio.bridge.requests.runs import CheckedRecipe, RunStory, TrainingView

LEFT_PX = 272
TRAIN_TIP = "Train a new version on the accepted pairs"


class TrainingPane(ReadingPane):
    """Training runs and their curves."""

    name = "training"
    title = "Training"

    def __init__(self, backend: Backend, theme: Theme) -> None:
        super().__init__(backend, theme, requests.read_training, self.show_view)
        self.view: TrainingView | None = None
        self.shown_run = 0  # whose curves are shown; 0 while there is none
        self._discard_next: int | None = None
        self._story: RunStory | None = None
        self._checked: CheckedRecipe | None = None
        self._make_actions()
        self._build()
        self.follower = RunFollower(backend, self)
        self.follower.began.connect(self._on_began)
        self.follower.grown.connect(self._on_grown)
        self.follower.ended.connect(self._on_job_ended)
        self._update()

    def actions(self) -> list[QAction]:
        return [self.train_action, self.pause_action, self.keep_action, self.resume_action, self.discard_action]

    def run_action(self) -> QAction | None:
        return self.resume_action if self.resume_action.isEnabled() else self.train_action

    def shown(self) -> None:
        self.curves.loading.start()
        super().shown()

    def count_text(self) -> str:
        return ""

    def state(self) -> dict[str, Any]:
        return {"recipe": self.recipe.changes(), "log": self.curves.log_button.isChecked(), "run": self.shown_run}

    def restore(self, state: dict[str, Any]) -> None:
        self.recipe.restore(state.get("recipe") or {})
        self.curves.log_button.setChecked(bool(state.get("log")))
        self.shown_run = int(state.get("run") or 0)

    def _make_actions(self) -> None:
        self.train_action = self._action("Train", "train", TRAIN_TIP, self._on_train)
        self.pause_action = self._action(
            "Pause", "pause", "Stop at the next step; the run can be resumed from there", self._on_pause
        )
        self.keep_action = self._action(
            "Stop and keep", "keep", "End the run here: what it has learnt so far becomes a version", self._on_keep
        )
        self.resume_action = self._action("Resume", "resume", "Go on from the last checkpoint", self._on_resume)
        self.discard_action = self._action(
            "Discard…", "discard", "Give the run up: its checkpoints go, its curves stay", self._on_discard
        )

    def _build(self) -> None:
        for action, kind in (
            (self.discard_action, ""),
            (self.resume_action, ""),
            (self.keep_action, ""),
            (self.pause_action, "danger"),
            (self.train_action, "primary"),
        ):
            self.title_row.add(ActionButton(action, kind=kind))
        self.discard_bar = NoticeBar("training.really_discard")
        self.discard_bar.pressed.connect(self._on_really_discard)
        self.body.addWidget(self.discard_bar)
        sides = QHBoxLayout()
        sides.setSpacing(BETWEEN_CARDS_PX)
        sides.addWidget(self._build_left())
        sides.addLayout(self._build_right(), 1)
        self.body.addLayout(sides, 1)

    def _build_left(self) -> QScrollArea:
        self.recipe = RecipeCard(self.theme)
        self.readiness = ReadinessCard()
        self.run_list = RunList()
        self.run_card = RunCard()
        self.run_list.hide()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 10, 0)
        column.setSpacing(12)
        for card in (self.recipe, self.readiness, self.run_card, self.run_list):
            column.addWidget(card)
        column.addStretch()
        area = QScrollArea()
        area.setObjectName("training.left")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setFixedWidth(LEFT_PX + 10)
        area.setWidget(inside)
        self.recipe.edited.connect(self._on_edited)
        self.recipe.base_wanted.connect(self._on_change_base)
        self.run_list.chosen.connect(self._on_chosen)
        self.readiness.pairs_button.clicked.connect(self._on_to_pairs)
        self.run_card.version_button.clicked.connect(self._on_to_versions)
        return area

    def _build_right(self) -> QVBoxLayout:
        self.progress = ThinBar()
        self.progress.setAccessibleName("Progress of the run")
        self.progress_words = Dim()
        self.progress_words.setObjectName("training.progress")
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.progress, 1)
        row.addWidget(self.progress_words)
        self.curves = CurvesView(self.theme)
        self.empty = EmptyState(
            "No runs yet",
            "Training teaches the model what the accepted pairs show: the good drafts more likely, the bad ones less. "
            "The curves of each run are drawn here while it runs.",
            "Go to Pairs",
            name="training.empty",
        )
        self.empty.pressed.connect(self._on_to_pairs)
        column = QVBoxLayout()
        column.setSpacing(10)
        column.addLayout(row)
        column.addWidget(self.curves, 1)
        column.addWidget(self.empty, 1)
        return column

    # reading

    def show_view(self, view: TrainingView) -> None:
        """What `read_training` found."""
        self.view = view
        self.recipe.show_usual(view.base, view.recipe)
        self.readiness.show_readiness(view.readiness)
        self.run_list.show_runs(view.runs)
        ids = [run.id for run in view.runs]
        if ids and self.shown_run not in ids:
            self._show_run(max(view.resumable, default=ids[-1]))
        elif self._story is None or self._story.run not in view.runs:
            self._show_run(self.shown_run)
        self._update()

    def _show_run(self, run_id: int) -> None:
        if not run_id:
            return
        self.shown_run = run_id
        self.run_list.show_chosen(run_id)
        self.follower.keep_tail(run_id)
        self.backend.ask(requests.read_story, run_id, answer=self._on_story)

    @Slot(object)
    def _on_story(self, story: RunStory) -> None:
        if story.run.id != self.shown_run:
            return
        self._story = story
        curves = RunCurves()
        curves.read(story.steps, story.evals)
        self.follower.add_tail(curves)
        self.curves.show_curves(curves)
        self.run_card.show_story(story)
        self._update()

    # what the person does

    @Slot(int)
    def _on_chosen(self, run_id: int) -> None:
        self._show_run(run_id)
        self._update()

    @Slot()
    def _on_edited(self) -> None:
        self._update()

    @Slot()
    def _on_change_base(self) -> None:
        from lorastudio.ui.base_sheet import BaseSheet

        if self.view is not None:
            sheet = BaseSheet(self.backend, self.view.base, self.window())
            sheet.open()
            sheet.name.setFocus()

    @Slot()
    def _on_train(self) -> None:
        if self.view is None or self._checked is None or self._checked.record is None:
            return
        self.error_bar.hide()
        self.backend.start("training", "Training", requests.train, self._checked.record, self.view.base)
        self._update()

    @Slot()
    def _on_pause(self) -> None:
        for job in self.follower.jobs():
            job.stop()
        self._update()

    @Slot()
    def _on_keep(self) -> None:
        from lorastudio.bridge.requests.looping import keep_run_as_it_is

        for job in self.follower.jobs():
            job.finish()
        if not self.follower.busy:
            self.error_bar.hide()
            self.backend.start("training", f"Keeping run {self.shown_run}", keep_run_as_it_is, self.shown_run)
        self._update()

    @Slot()
    def _on_resume(self) -> None:
        from lorastudio.bridge.requests.looping import go_on_with_run

        self.error_bar.hide()
        self.backend.start("training", f"Training run {self.shown_run}", go_on_with_run, self.shown_run)
        self._update()

    @Slot()
    def _on_discard(self) -> None:
        run_id = self.follower.live_run or self.shown_run
        self.discard_bar.setProperty("run", run_id)
        self.discard_bar.say(
            f"Discard run {run_id}?",
            "Its checkpoints and rows go, and it can't be resumed. The pairs and the curves stay.",
            f"Discard run {run_id}",
        )
        self.discard_bar.button.setFocus()

    @Slot()
    def _on_really_discard(self) -> None:
        run_id = int(self.discard_bar.property("run"))
        if self.follower.live_run == run_id:
            self._discard_next = run_id
            self._on_pause()
        else:
            self.backend.act(requests.discard, run_id, failed=self.show_error)

    @Slot()
    def _on_to_pairs(self) -> None:
        self.go_to.emit("pairs")

    @Slot()
    def _on_to_versions(self) -> None:
        self.go_to.emit("versions")

    # what a running job says

    @Slot(int)
    def _on_began(self, run_id: int) -> None:
        self._show_run(run_id)
        self._update()

    @Slot(object)
    def _on_grown(self, events: tuple[Event, ...]) -> None:
        if self.follower.live_run == self.shown_run:
            self.follower.add_to(self.curves.curves, events)
            self.curves.grown()
        self._update_progress()

    @Slot(object)
    def _on_job_ended(self, _job: Job) -> None:
        discarded, self._discard_next = self._discard_next, None
        if discarded is not None:
            self.backend.act(requests.discard, discarded, failed=self.show_error)
        self._read()
        self._update()

    # showing

    def _update(self) -> None:
        """Bring buttons and words in line with what is known."""
        off, warnings = self._hindrance()
        self.readiness.show_hindrance("" if self.follower.busy else off, warnings)
        busy = self.follower.busy
        can_resume = not busy and self.view is not None and self.shown_run in self.view.resumable
        self._allow(self.train_action, not off, not busy)
        self.train_action.setToolTip(off or TRAIN_TIP)
        self._allow(self.pause_action, busy and not self.follower.stopping, busy)
        self._allow(self.keep_action, self._can_keep(can_resume), busy or can_resume)
        self._allow(self.resume_action, can_resume, can_resume)
        self._allow(self.discard_action, can_resume or self.follower.live_run > 0, can_resume or busy)
        has_runs = self.shown_run > 0
        self.curves.setVisible(has_runs)
        self.empty.setVisible(not has_runs)
        if self.empty.button is not None:  # with pairs, Train is the one button that fills this
            self.empty.button.setVisible(self.view is not None and not self.view.accepted)
        self._update_progress()
        self.title_row.state.say(self._state_words(off))

    def _can_keep(self, can_resume: bool) -> bool:
        """There is something learnt, and nobody has asked for another end."""
        follower = self.follower
        if follower.busy:
            return follower.step > 0 and not (follower.stopping or follower.finishing)
        return can_resume and self._story is not None and bool(self._story.steps)

    def _allow(self, action: QAction, enabled: bool, visible: bool) -> None:
        action.setEnabled(enabled)
        action.setVisible(visible)

    def _hindrance(self) -> tuple[str, tuple[str, ...]]:
        """What keeps Train off, and warnings that do not."""
        self._checked = None
        view = self.view
        if view is None:
            return "The library is being read.", ()
        wrong = self.recipe.learning_rate_is_wrong()
        self.recipe.mark_wrong(wrong)
        if wrong:
            return "The learning rate is no number between 0 and 1, such as 5e-5.", ()
        self._checked = requests.check_recipe(self.recipe.record(), view.is_practice)
        if view.base_problem:
            return view.base_problem, ()
        if not view.accepted:
            return "There is nothing to train on: accept some pairs first, or import a file.", ()
        return self._checked.problem, self._checked.warnings

    def _state_words(self, off: str) -> str:
        if off and self.view is not None and not self.follower.busy:
            return off
        if self._story is not None and self._story.run.id == self.shown_run:
            held = f", {count(self._story.heldout)} held out" if self._story.heldout else ""
            return run_in_words(self._story.run) + held
        return off

    def _update_progress(self) -> None:
        busy = self.follower.busy
        self.progress.setVisible(busy)
        self.progress_words.setVisible(busy)
        if busy:
            self.progress.set_share(self.follower.share)
            self.progress_words.setText(self._progress_words())
            self.keep_action.setEnabled(self._can_keep(can_resume=False))

    def _progress_words(self) -> str:
        if self.follower.stopping:
            return "Stopping at the next step; what is finished is kept"
        if self.follower.finishing:
            return "Ending here: what was learnt becomes a version"
        if not self.follower.step:
            return self.follower.phase_words
        words = f"Step {count(self.follower.step)} of {count(self.follower.steps)}"
        left = time_left(self.follower.left_s)
        return ", ".join(part for part in (words, self.follower.phase_words, left) if part)
