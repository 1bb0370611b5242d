"""The pane of drafts: starting a cycle, watching it, and reading what it wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QElapsedTimer, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QStackedWidget

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.job import Job
from lorastudio.bridge.requests import cycles as requests
from lorastudio.bridge.requests.looping import go_on_with_cycle
from lorastudio.bridge.stages import STAGES
from lorastudio.domain.changes import Changes
from lorastudio.domain.errors import KnownError
from lorastudio.ui.panes.base import Pane
from lorastudio.ui.panes.drafts.commands import Commands
from lorastudio.ui.panes.drafts.cycle_chooser import CycleChooser
from lorastudio.ui.panes.drafts.form import QuestionForm
from lorastudio.ui.panes.drafts.live import LiveCycle
from lorastudio.ui.panes.drafts.question_rows import DONE, FAILED
from lorastudio.ui.panes.drafts.reader import QuestionReader
from lorastudio.ui.panes.drafts.starter import Starter
from lorastudio.ui.panes.drafts.work_page import WorkPage
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.buttons import ActionButton
from lorastudio.ui.widgets.confirm_button import ConfirmButton
from lorastudio.ui.widgets.empty_state import EmptyState
from lorastudio.ui.widgets.error_bar import NoticeBar
from lorastudio.ui.wording import counted, version_name

if TYPE_CHECKING:
    from lorastudio.bridge.requests.cycle_start import CycleBegun
    from lorastudio.bridge.requests.cycles import CycleNow, QuestionNow
    from lorastudio.store.calls import CallTotals

KIND = "cycle"
STAY_MS = 800  # on a question that is done, before the next one is followed
NOTHING = "Paste questions; the model drafts, a critic finds the faults, and each draft mends the one before."


class DraftsPane(Pane):
    """Shows the newest cycle, or the one that was chosen; follows whatever cycle runs."""

    name = "drafts"
    title = "Drafts"

    def __init__(self, backend: Backend, theme: Theme) -> None:
        super().__init__(backend, theme)
        self._now: CycleNow | None = None
        self._question: QuestionNow | None = None
        self._job: Job | None = None
        self._wanted_id: int | None = None  # of a cycle; None is the newest
        self._restored_id: int | None = None  # of a question, from before a restart
        self._asking = False
        self._stay = QElapsedTimer()
        self.commands = Commands(self)
        self.notice = NoticeBar("drafts.notice")
        self.empty = EmptyState("No drafts yet", NOTHING, "Add questions…", name="drafts.empty.add")
        self.form = QuestionForm()
        self.starter = Starter(backend, self.form, self)
        self.work = WorkPage(theme)
        self.live = LiveCycle(self.work.rows)
        self.chooser = CycleChooser()
        self.reader = QuestionReader(backend, self)
        self.pages = QStackedWidget()
        self._build()
        self._connect()
        for job in backend.running(KIND):
            self._watch(job)

    def actions(self) -> list[QAction]:
        return self.commands.all

    def shown(self) -> None:
        self._refresh()

    def run_action(self) -> QAction | None:
        commands = self.commands
        return next((item for item in (commands.start, commands.go_on, commands.add) if item.isEnabled()), None)

    def take_files(self, paths: list[Path]) -> bool:
        """One file of questions, while the form asks for some."""
        return self._asking and len(paths) == 1 and self.form.take_file(paths[0])

    def state(self) -> dict[str, Any]:
        """Widths of the columns, if a person moved them, and the question that was read."""
        kept: dict[str, Any] = {"question": self.work.question_id}
        return kept | ({"columns": self.work.sizes()} if self.work.was_moved else {})

    def restore(self, state: dict[str, Any]) -> None:
        if sizes := state.get("columns"):
            self.work.restore_sizes([int(size) for size in sizes])
        self._restored_id = state.get("question")

    def _build(self) -> None:
        commands = self.commands
        self.chooser.hide()
        self.title_row.add(self.chooser)
        self.leave_button = ConfirmButton("Leave it", "Really leave it?", "drafts.leave", parent=self.title_row)
        self.leave_button.setToolTip(commands.leave.toolTip())
        self.title_row.add(ActionButton(commands.add, parent=self.title_row))
        self.title_row.add(self.leave_button)
        self.title_row.add(ActionButton(commands.go_on, kind="primary", parent=self.title_row))
        self.title_row.add(ActionButton(commands.stop, kind="danger", parent=self.title_row))
        self.form.last_row.addWidget(ActionButton(commands.start, kind="primary", parent=self.form))
        self.layout().insertWidget(2, self.notice)
        for page in (self.empty, self.form, self.work):
            self.pages.addWidget(page)
        self.body.addWidget(self.pages)
        self._arrange()

    def _connect(self) -> None:
        commands = self.commands
        commands.add.triggered.connect(self._open_form)
        commands.start.triggered.connect(self._begin)
        commands.go_on.triggered.connect(self._go_on)
        commands.leave.triggered.connect(self.leave_button.click)
        commands.stop.triggered.connect(self._stop)
        self.leave_button.confirmed.connect(self._leave)
        self.empty.pressed.connect(self._open_form)
        self.form.changed.connect(self._arrange)
        self.starter.begun.connect(self._on_begun)
        self.starter.failed.connect(self._on_not_begun)
        self.starter.put_off.connect(self._arrange)
        self.form.put_away.connect(self._close_form)
        self.form.set_up_wanted.connect(self._go_to_endpoints)
        self.work.chosen.connect(self._on_chosen)
        self.work.desk.view.follow_button.toggled.connect(self._on_follow)
        self.work.totals.review_wanted.connect(self._go_to_pairs)
        self.chooser.chosen.connect(self._on_cycle_chosen)
        self.reader.read.connect(self._on_question)
        self.reader.failed.connect(self.show_error)
        self.backend.changed.connect(self._on_changed)
        self.backend.job_started.connect(self._on_job_started)

    # Asking

    @Slot()
    def _open_form(self) -> None:
        if not self.commands.add.isEnabled():
            return
        self._asking = True
        self.starter.look_up()
        self._arrange()
        self.form.text.setFocus()

    @Slot()
    def _close_form(self) -> None:
        self._asking = False
        self._arrange()

    @Slot()
    def _begin(self) -> None:
        self.error_bar.hide()
        self.commands.start.setEnabled(False)
        self.starter.begin()

    @Slot(object)
    def _on_begun(self, begun: CycleBegun) -> None:
        self._asking = False
        if begun.set_aside:
            kept = counted(begun.set_aside, "question")
            self.notice.say(
                f"{kept} kept for the gate.", "The gate asks them of every version; they are never drafted on."
            )
        self._run(f"Cycle {begun.cycle_id}", requests.run_cycle, begun.cycle_id)

    @Slot(object)
    def _on_not_begun(self, error: KnownError) -> None:
        self.show_error(error)
        self._arrange()

    @Slot()
    def _go_on(self) -> None:
        if self._now is not None and self.commands.go_on.isEnabled():
            self.error_bar.hide()
            self._run(f"Cycle {self._now.all_ids[-1]}", go_on_with_cycle)

    @Slot()
    def _leave(self) -> None:
        if self._now is not None:
            self.error_bar.hide()
            self.backend.act(requests.abandon_cycle, self._now.cycle.id, failed=self.show_error)

    @Slot()
    def _stop(self) -> None:
        if self._job is not None:
            self._job.stop()
        self._arrange()

    def _run(self, title: str, make: Any, *args: Any) -> None:
        self._wanted_id = None
        self.work.desk.view.follow_button.setChecked(True)
        self.backend.start(KIND, title, make, *args)  # `_on_job_started` watches it
        self._refresh()

    # Watching

    @Slot(object)
    def _on_job_started(self, job: Job) -> None:
        if job.kind == KIND:
            self._watch(job)

    def _watch(self, job: Job) -> None:
        self._job = job
        job.events.connect(self._on_events)
        job.ended.connect(self._on_ended)
        self._arrange()

    @Slot(object)
    def _on_events(self, batch: tuple[Any, ...]) -> None:
        live, before = self.live, (self.live.cycle_id, self.live.stage)
        live.begin_batch()
        for event in batch:
            live.hear(event)
        if live.cycle_id != before[0]:
            self._wanted_id = live.cycle_id
        if (live.cycle_id, live.stage) != before or live.ended:
            self._refresh()
        elif live.stale:
            self._ask_totals()
        self._follow()
        self._render_after(live)
        self._show_counts()

    def _render_after(self, live: LiveCycle) -> None:
        """Only what is on the desk is drawn again."""
        shown = self.work.question_id
        if shown is None:
            return
        stream = live.streams.get(shown)
        if shown in live.stale or (shown in live.grown and stream is not None and not stream.whole):
            self._read_question()
        if shown in live.stale or shown in live.grown:
            self._render()

    @Slot(object)
    def _on_ended(self, job: Job) -> None:
        if job is not self._job:
            return
        self._job = None
        self.live.forget()
        self._refresh()

    def _follow(self) -> None:
        """Go to a question that is being written, unless a person went somewhere else."""
        if not self.work.desk.view.follow_button.isChecked() or not self.isVisible():
            return
        shown = self.work.rows.row_of(self.work.question_id or 0)
        if shown is not None and shown.is_active:
            self._stay.start()
            return
        if shown is not None and self._stay.isValid() and self._stay.elapsed() < STAY_MS:
            return
        active = next((row for row in self.work.rows.rows if row.is_active), None)
        if active is not None:
            self._stay.start()
            self.work.go_to(active.id)
            self._read_question()
            self._render()

    # Reading

    @Slot(object)
    def _on_changed(self, _changes: Changes) -> None:
        """While a cycle runs its events say more; without one the library has changed some other way."""
        if self.isVisible() and self._job is None:
            self._refresh()

    def _refresh(self) -> None:
        self.backend.ask(requests.read_cycle, self._wanted_id, answer=self._on_cycle, failed=self.show_error)

    @Slot(object)
    def _on_cycle(self, now: CycleNow | None) -> None:
        other = now is not None and (self._now is None or self._now.cycle.id != now.cycle.id)
        self._now = now
        if now is not None:
            self.work.rows.show_questions(now.questions, self.live.active, running=self._runs(now))
            self.work.totals.show_calls(now.totals)
            self.work.totals.show_pairs(now.pairs)
            self.chooser.show_cycles(now.all_ids, now.cycle.id)
            if other or self.work.question_id is None:
                self._choose_first()
            self._read_question()
        self._arrange()
        self._show_counts()
        self._render()

    def _choose_first(self) -> None:
        rows = self.work.rows
        wanted = rows.row_of(self._restored_id or 0) or next((row for row in rows.rows if row.is_active), None)
        self._restored_id = None
        if wanted is None and rows.rows:
            wanted = rows.rows[0]
        if wanted is not None:
            self.work.go_to(wanted.id)

    def _read_question(self) -> None:
        question_id = self.work.question_id
        if question_id is not None:
            self.reader.ask(question_id)

    @Slot(object)
    def _on_question(self, now: QuestionNow) -> None:
        if now.question.id == self.work.question_id:
            self._question = now
            self._render()

    def _ask_totals(self) -> None:
        if self._now is not None:
            self.backend.ask(requests.read_totals, self._now.cycle.id, answer=self._on_totals, failed=self.show_error)

    @Slot(object)
    def _on_totals(self, totals: CallTotals) -> None:
        self.work.totals.show_calls(totals)

    @Slot(int)
    def _on_chosen(self, question_id: int) -> None:
        """A person went to a question: stay there."""
        row = self.work.rows.row_of(question_id)
        if self._job is not None and row is not None:
            self.work.desk.view.follow_button.setChecked(False)
        self._read_question()
        self._render()

    @Slot(bool)
    def _on_follow(self, follows: bool) -> None:
        if follows:
            self._stay.invalidate()
            self._follow()

    @Slot(int)
    def _on_cycle_chosen(self, cycle_id: int) -> None:
        self._wanted_id = cycle_id
        self._refresh()

    # Showing

    def _render(self) -> None:
        question_id = self.work.question_id
        row = self.work.rows.row_of(question_id) if question_id is not None else None
        self.work.desk.show(row, self._question, self.live.streams.get(question_id or 0))
        if self._now is not None:
            cycle = self._now.cycle
            version = f", {version_name(cycle.writer_version)}" if self._now.writes_itself else ""
            self.work.desk.view.writer.setText(f"{cycle.writer}{version}")

    def _show_counts(self) -> None:
        rows, now = self.work.rows, self._now
        done, failed, total = rows.count(DONE), rows.count(FAILED), len(rows.rows)
        self.work.totals.show_questions(done, failed, total)
        if now is None:
            self.title_row.state.say("")
            return
        stage = STAGES.get(self.live.stage if self._runs(now) else now.stage, now.stage).lower()
        if now.unfinished and not self._runs(now):
            stage = f"stopped while {stage}"
        self.title_row.state.say(f"Cycle {now.cycle.id}, {stage}, {done} of {counted(total, 'question')} done")

    def _runs(self, now: CycleNow) -> bool:
        """Whether this cycle is the one at work; one that has not told its id yet is the newest."""
        return self._job is not None and self.live.cycle_id in (None, now.cycle.id)

    @Slot()
    def _arrange(self) -> None:
        """Which page is in front, and what can be done."""
        now, job = self._now, self._job
        newest = now is None or now.cycle.id == now.all_ids[-1]
        self.commands.allow(
            running=job is not None,
            stopping=job is not None and job.stopping,
            unfinished=now is not None and now.unfinished and newest,
            asking=self._asking,
            ready=self.form.is_ready,
        )
        self.leave_button.setVisible(self.commands.leave.isVisible())
        self.work.desk.view.follow_button.setVisible(job is not None)
        self.chooser.setVisible(now is not None and len(now.all_ids) > 1 and not self._asking)
        self.pages.setCurrentWidget(self.form if self._asking else self.work if now else self.empty)

    @Slot()
    def _go_to_endpoints(self) -> None:
        self.go_to.emit("endpoints")

    @Slot()
    def _go_to_pairs(self) -> None:
        self.go_to.emit("pairs")
