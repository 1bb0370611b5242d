"""Training: the recipe, whether there is enough to train on, and the curves of the run, live or of long ago."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.job import Job
from lorastudio.bridge.requests import runs as requests
from lorastudio.domain.events import Event
from lorastudio.domain.training_events import MemoryPlanned
from lorastudio.ui.commands import FILE_KINDS
from lorastudio.ui.file_question import ask_for_file
from lorastudio.ui.panes.base import BETWEEN_CARDS_PX
from lorastudio.ui.panes.reading import ReadingPane
from lorastudio.ui.panes.training.commands import Commands
from lorastudio.ui.panes.training.follower import RunFollower
from lorastudio.ui.panes.training.memory_card import MemoryCard
from lorastudio.ui.panes.training.readiness import ReadinessCard
from lorastudio.ui.panes.training.recipe import RecipeCard
from lorastudio.ui.panes.training.run_card import RunCard, run_in_words
from lorastudio.ui.panes.training.run_list import RunList
from lorastudio.ui.panes.training.run_view import RunView
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.buttons import ActionButton
from lorastudio.ui.widgets.empty_state import EmptyState
from lorastudio.ui.widgets.error_bar import NoticeBar
from lorastudio.ui.widgets.plots.run_curves import RunCurves
from lorastudio.ui.widgets.scroll_column import ScrollColumn
from lorastudio.ui.wording import count

if TYPE_CHECKING:
    from lorastudio.bridge.requests.runs import CheckedRecipe, RunStory, TrainingView

LEFT_PX, BESIDE_BAR_PX = 272, 10
SAFER = "In smaller pieces it takes less memory and more time, and comes to the same result."


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
        self.commands = Commands(self)
        self._connect_commands()
        self._build()
        self.follower = RunFollower(backend, self)
        self.follower.began.connect(self._on_began)
        self.follower.grown.connect(self._on_grown)
        self.follower.ended.connect(self._on_job_ended)
        self._update()

    def actions(self) -> list[QAction]:
        return self.commands.all

    def run_action(self) -> QAction | None:
        return self.commands.resume if self.commands.resume.isEnabled() else self.commands.train

    def shown(self) -> None:
        self.curves.loading.start()
        super().shown()

    def count_text(self) -> str:
        return ""

    def state(self) -> dict[str, Any]:
        return {
            "recipe": self.recipe.changes(),
            "log": self.curves.log_button.isChecked(),
            "charts": self.curves.chosen(),
            "tab": self.run_view.tabs.currentIndex(),
            "run": self.shown_run,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.recipe.restore(state.get("recipe") or {})
        self.curves.log_button.setChecked(bool(state.get("log")))
        self.curves.choose(state.get("charts") or [])
        self.run_view.tabs.setCurrentIndex(int(state.get("tab") or 0))
        self.shown_run = int(state.get("run") or 0)

    def _connect_commands(self) -> None:
        commands = self.commands
        for action, slot in (
            (commands.train, self._on_train),
            (commands.train_file, self._on_train_file),
            (commands.check, self._on_check),
            (commands.pause, self._on_pause),
            (commands.keep, self._on_keep),
            (commands.resume, self._on_resume),
            (commands.safer, self._on_resume_safer),
            (commands.discard, self._on_discard),
        ):
            action.triggered.connect(slot)

    def _build(self) -> None:
        commands = self.commands
        for action, kind in (
            (commands.discard, ""),
            (commands.resume, ""),
            (commands.keep, ""),
            (commands.pause, "danger"),
            (commands.train, "primary"),
        ):
            self.title_row.add(ActionButton(action, kind=kind))
        self.discard_bar = NoticeBar("training.really_discard")
        self.discard_bar.pressed.connect(self._on_really_discard)
        self.safer_bar = NoticeBar("training.offer_safer")
        self.safer_bar.pressed.connect(self._on_resume_safer)
        self.body.addWidget(self.discard_bar)
        self.body.addWidget(self.safer_bar)
        sides = QHBoxLayout()
        sides.setSpacing(BETWEEN_CARDS_PX)
        sides.addWidget(self._build_left())
        sides.addLayout(self._build_right(), 1)
        self.body.addLayout(sides, 1)

    def _build_left(self) -> ScrollColumn:
        self.recipe = RecipeCard(self.theme)
        self.readiness = ReadinessCard()
        self.run_list = RunList()
        self.memory = MemoryCard(self.commands.check)
        self.run_card = RunCard()
        self.run_list.hide()
        area = ScrollColumn([self.recipe, self.readiness, self.memory, self.run_card, self.run_list])
        area.setObjectName("training.left")
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setFixedWidth(LEFT_PX + BESIDE_BAR_PX)
        area.widget().layout().setContentsMargins(0, 0, BESIDE_BAR_PX, 0)
        self.recipe.edited.connect(self._update)
        self.recipe.base_wanted.connect(self._on_change_base)
        self.run_list.chosen.connect(self._on_chosen)
        self.readiness.pairs_button.clicked.connect(self._on_to_pairs)
        self.run_card.version_button.clicked.connect(self._on_to_versions)
        return area

    def _build_right(self) -> QVBoxLayout:
        self.run_view = RunView(self.theme)
        self.curves = self.run_view.curves
        self.empty = EmptyState(
            "No runs yet",
            "Training teaches the model what the accepted pairs show: the good drafts more likely, the bad ones less. "
            "The curves of each run are drawn here while it runs.",
            "Go to Pairs",
            name="training.empty",
        )
        self.empty.pressed.connect(self._on_to_pairs)
        column = QVBoxLayout()
        column.addWidget(self.run_view, 1)
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
        self.run_view.show_story(story, curves)
        self.run_view.take(self.follower.take_tail(curves))
        self.run_card.show_story(story)
        if story.safer:
            self.safer_bar.say(f"Run {story.run.id}: {story.run.error}", SAFER, "Resume in smaller pieces")
        self._update()

    # what the person does

    @Slot(int)
    def _on_chosen(self, run_id: int) -> None:
        self._show_run(run_id)
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
        self._train("Training", None)

    @Slot()
    def _on_train_file(self) -> None:
        ask_for_file(self.window(), "Train on a file alone", FILE_KINDS, self._on_source)

    @Slot(str)
    def _on_source(self, name: str) -> None:
        if self.commands.train_file.isEnabled():  # other work may have begun while the dialog was open
            self._train(f"Training on {Path(name).name}", Path(name))

    def _train(self, title: str, source: Path | None) -> None:
        if self.view is None or self._checked is None or self._checked.record is None:
            return
        self.error_bar.hide()
        recipe, anyway = self._checked.record, self.memory.is_too_large
        self.memory.expect(recipe)
        self.backend.start("training", title, requests.train, recipe, self.view.base, anyway, source)
        self._update()

    @Slot()
    def _on_check(self) -> None:
        if self.view is None or self._checked is None or self._checked.record is None:
            return
        recipe = self._checked.record
        self.memory.expect(recipe)
        job = self.backend.start("plan", "Checking memory", requests.plan_memory, recipe, self.view.base)
        job.events.connect(self._on_planned)
        job.ended.connect(self._update)
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
        self._go_on(safer=False)

    @Slot()
    def _on_resume_safer(self) -> None:
        self._go_on(safer=True)

    def _go_on(self, *, safer: bool) -> None:
        from lorastudio.bridge.requests.looping import go_on_with_run

        self.error_bar.hide()
        self.memory.expect(None)
        self.backend.start("training", f"Training run {self.shown_run}", go_on_with_run, self.shown_run, safer)
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
            self.run_view.take(events)
        self._on_planned(events)
        self._update_progress()

    @Slot(object)
    def _on_planned(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, MemoryPlanned):
                self.memory.take(event.figures)
                self._update()

    @Slot(object)
    def _on_job_ended(self, _job: Job) -> None:
        discarded, self._discard_next = self._discard_next, None
        if discarded is not None:
            self.backend.act(requests.discard, discarded, failed=self.show_error)
        self._read()
        self._update()

    # showing

    @Slot()
    def _update(self) -> None:
        """Bring buttons and words in line with what is known."""
        file_off, warnings = self._hindrance()
        off = file_off
        if not off and self.view is not None and not self.view.accepted:
            off = "There is nothing to train on: accept some pairs first, or import a file."
        follower = self.follower
        busy = follower.busy
        self.readiness.show_hindrance("" if busy else off, warnings)
        if self._checked is not None and self._checked.record is not None:
            self.memory.keep_for(self._checked.record)
        can_resume = not busy and self.view is not None and self.shown_run in self.view.resumable
        safer = self._story is not None and self._story.run.id == self.shown_run and self._story.safer
        checking = bool(self.backend.running("plan"))
        if not (can_resume and safer):
            self.safer_bar.hide()
        self.commands.allow_start(
            off=off, file_off=file_off, busy=busy, checking=checking, anyway=self.memory.is_too_large
        )
        self.commands.allow_end(
            busy=busy, stopping=follower.stopping, live=follower.live_run > 0, can_resume=can_resume, safer=safer
        )
        self.commands.allow_keep(self._can_keep(can_resume), busy or can_resume)
        has_runs = self.shown_run > 0
        self.run_view.setVisible(has_runs)
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

    def _hindrance(self) -> tuple[str, tuple[str, ...]]:
        """What keeps training off whatever the rows, and warnings that do not."""
        self._checked = None
        view = self.view
        if view is None:
            return "The library is being read.", ()
        if problem := self.recipe.problem():
            return problem, ()
        self._checked = requests.check_recipe(self.recipe.record(), view.is_practice)
        if view.base_problem:
            return view.base_problem, ()
        return self._checked.problem, self._checked.warnings

    def _state_words(self, off: str) -> str:
        if off and self.view is not None and not self.follower.busy:
            return off
        if self._story is not None and self._story.run.id == self.shown_run:
            held = f", {count(self._story.heldout)} held out" if self._story.heldout else ""
            return run_in_words(self._story.run) + held
        return off

    def _update_progress(self) -> None:
        self.run_view.show_progress(self.follower)
        if self.follower.busy:
            self.commands.keep.setEnabled(self._can_keep(can_resume=False))
