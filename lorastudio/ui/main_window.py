"""The window: sidebar, panes, footer and menus, and what holds for all panes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QCloseEvent, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QVBoxLayout, QWidget

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.requests.overview import read_overview, read_readiness
from lorastudio.domain.errors import KnownError
from lorastudio.ui.commands import Commands
from lorastudio.ui.file_drops import FileDrops
from lorastudio.ui.first_run import FirstRun
from lorastudio.ui.footer import Footer
from lorastudio.ui.jobs import pane_of
from lorastudio.ui.menus import Menus
from lorastudio.ui.pane_stack import PANES, PaneStack
from lorastudio.ui.panes.base import OUTER_PX, Pane
from lorastudio.ui.quitting import Quitter
from lorastudio.ui.resuming import Resumer
from lorastudio.ui.sidebar import Sidebar
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.error_bar import ErrorBar, NoticeBar
from lorastudio.ui.window_state import WindowState
from lorastudio.ui.wording import count

if TYPE_CHECKING:
    from lorastudio.bridge.job import Job
    from lorastudio.bridge.requests.overview import Overview
    from lorastudio.services.curation import Readiness

FIRST_SIZE = (1360, 860)
LEAST_SIZE = (960, 620)
REFRESH_MS = 150
READINESS_MS = 1000
LIBRARY_FILE = "library.db"


class MainWindow(QMainWindow):
    """Opens with the frame alone; `first_frame` follows its first paint, and only then panes and menus are filled."""

    first_frame = Signal()

    def __init__(self, backend: Backend, theme: Theme, state: WindowState) -> None:
        super().__init__()
        self.backend = backend
        self.theme = theme
        self._state = state
        self._overview: Overview | None = None
        self._painted = False
        self.setWindowTitle("LoRA Studio")
        self.setMinimumSize(*LEAST_SIZE)
        self.commands = Commands(backend, theme, self)
        self.stack = PaneStack(backend, theme, dict(state.panes))
        self.sidebar = Sidebar(list(PANES), theme)
        self.footer = Footer()
        self.errors = ErrorBar("window.error")
        self.notice = NoticeBar("window.notice")
        self.first_run: FirstRun | None = None
        self.quitter = Quitter(backend, self)
        self._resumer = Resumer(backend, self.notice)
        self._drops = FileDrops(self)
        self._refresh = QTimer(self, singleShot=True, interval=REFRESH_MS)
        self._readiness = QTimer(self, singleShot=True, interval=READINESS_MS)
        self._lay_out()
        self._menus = Menus(self)
        self._connect()
        self._restore()

    def bring_to_front(self) -> None:
        """Show the window above others, out of the dock or the taskbar if need be."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()

    @Slot(str)
    def show_pane(self, name: str) -> None:
        """Bring a pane to the front."""
        pane = self.stack.bring(name)
        self.sidebar.show_chosen(name)
        self._menus.show_pane(pane.title, pane.actions())

    @Slot(object)
    def take_files(self, paths: list[Path]) -> None:
        """Import files, unless the pane in front wants them for itself."""
        front = self.stack.front
        if front is None or not front.take_files(paths):
            self.commands.import_files(paths)

    # -- building

    def _lay_out(self) -> None:
        bars = QVBoxLayout()
        bars.setContentsMargins(OUTER_PX, 0, OUTER_PX, 0)
        bars.setSpacing(8)
        bars.addWidget(self.errors)
        bars.addWidget(self.notice)
        content = QWidget()
        content.setObjectName("content")
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bars)
        column.addWidget(self.stack, 1)
        self._bars = bars
        across = QHBoxLayout()
        across.setSpacing(0)
        across.addWidget(self.sidebar)
        across.addWidget(content, 1)
        middle = QWidget()
        whole = QVBoxLayout(middle)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(across, 1)
        whole.addWidget(self.footer)
        self.setCentralWidget(middle)

    def _fill_menus(self) -> None:
        menus, do = self._menus, self.commands
        role = QAction.MenuRole
        menus.add(menus.file, "Import…", "menu.import", do.choose_import, "Ctrl+O")
        from lorastudio.ui.library_commands import LibraryCommands  # not before the first frame

        library = LibraryCommands(self.backend, self)
        library.failed.connect(self._on_failed)
        menus.add(menus.file, "Export pairs…", "menu.export_pairs", library.choose_pairs_file)
        menus.add(menus.file, "Export drafts…", "menu.export_drafts", library.choose_drafts_folder)
        menus.file.addSeparator()
        menus.add(menus.file, "Back up library…", "menu.backup", library.choose_copy)
        menus.add(menus.file, "Check library", "menu.check", library.check)
        menus.add(menus.file, "Show library folder", "menu.folder", self._on_show_folder)
        menus.file.addSeparator()
        menus.add(menus.file, "Settings…", "menu.settings", do.show_settings, "Ctrl+,", role.PreferencesRole)
        menus.add(menus.file, "Quit", "menu.quit", self.close, "Ctrl+Q", role.QuitRole)
        menus.add(menus.edit, "Undo", "menu.undo", do.undo, "Ctrl+Z")
        menus.add(menus.edit, "Redo", "menu.redo", do.redo, "Ctrl+Shift+Z")
        menus.add(menus.edit, "Find", "menu.find", self._on_find, "Ctrl+F")
        for number, (name, title) in enumerate(PANES, 1):
            action = menus.add(menus.view, title, f"menu.view.{name}", self._on_view, f"Ctrl+{number}")
            action.setData(name)
        menus.view.addSeparator()
        menus.add(menus.view, "Activity", "menu.activity", do.show_activity, "Ctrl+Shift+A")
        self._themes = menus.add_themes(self.theme.mode, self._on_appearance)
        menus.add(menus.work, "Verified responses…", "menu.verify", do.verify)
        self._run = menus.add(menus.work, "Run", "menu.run", self._on_run, "Ctrl+Return")
        self._stop = menus.add(menus.work, "Stop and keep", "menu.stop", self.footer.stop_job, "Ctrl+.")
        menus.work.addSeparator()
        menus.add(menus.work, "Run a practice loop", "menu.practice", do.practise)
        self._rollback = menus.add(menus.work, "Roll back", "menu.rollback", do.roll_back)
        menus.add(menus.help, "Copy diagnostics", "menu.diagnostics", do.copy_diagnostics)
        menus.add(menus.help, "About LoRA Studio", "menu.about", do.show_about, "", role.AboutRole)

    def _connect(self) -> None:
        backend = self.backend
        backend.changed.connect(self._on_changed)
        backend.opened.connect(self._on_opened)
        backend.open_failed.connect(self._on_open_failed)
        backend.failed.connect(self._on_failed)
        backend.job_started.connect(self._on_job_started)
        backend.job_ended.connect(self._on_job_ended)
        self._refresh.timeout.connect(self._on_refresh)
        self._readiness.timeout.connect(self._on_readiness_wanted)
        self.sidebar.chosen.connect(self.show_pane)
        self.sidebar.rollback_wanted.connect(self.commands.roll_back)
        self.footer.activity_wanted.connect(self.commands.show_activity)
        self.commands.failed.connect(self._on_failed)
        self.commands.go_to.connect(self.show_pane)
        self.errors.pressed.connect(self._on_error_pressed)
        self.stack.built.connect(self._on_pane_built)
        self.quitter.ready.connect(self.close)
        self._drops.dropped.connect(self.take_files)

    def _restore(self) -> None:
        self.resize(*FIRST_SIZE)
        if self._state.geometry:
            self.restoreGeometry(QByteArray.fromBase64(self._state.geometry.encode()))

    # -- what happens

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self._on_first_frame)

    @Slot()
    def _on_first_frame(self) -> None:
        new = not (self.backend.home / LIBRARY_FILE).exists()  # before somebody makes it
        self._fill_menus()
        self.first_frame.emit()
        self.theme.follow_system()
        self.sidebar.draw_icons()
        self._drops.watch(self)
        if new:
            self._show_first_run()
        elif self._state.pane in dict(PANES):
            self.show_pane(self._state.pane)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.quitter.may_quit():
            event.ignore()
            return
        self._save_state()
        event.accept()

    def _save_state(self) -> None:
        front = self.stack.front
        self._state.geometry = bytes(self.saveGeometry().toBase64().data()).decode()
        self._state.pane = front.name if front is not None else ""
        self._state.theme = self.theme.mode
        self._state.panes = self.stack.states()
        try:
            self._state.save(self.backend.home)
        except OSError:
            return  # a full disk must not keep anybody from quitting

    @Slot(object)
    def _on_pane_built(self, pane: Pane) -> None:
        pane.go_to.connect(self.show_pane)
        pane.import_wanted.connect(self.commands.choose_import)
        pane.practice_wanted.connect(self.commands.practise)
        pane.count_changed.connect(self._show_counts)
        self._drops.watch(pane)

    @Slot(object)
    def _on_opened(self, _mended: list[str]) -> None:
        self.errors.hide()
        self._on_refresh()
        self._on_readiness_wanted()

    @Slot(object)
    def _on_open_failed(self, error: KnownError) -> None:
        self._say_error(error, "Try again")

    @Slot(object)
    def _on_failed(self, error: KnownError) -> None:
        self._say_error(error)

    def _say_error(self, error: KnownError, action: str | None = None) -> None:
        self.errors.show_error(error, action)

    @Slot()
    def _on_error_pressed(self) -> None:
        if self.backend.is_open:
            self.commands.show_activity()
        else:
            self.backend.open()

    @Slot(object)
    def _on_changed(self, _changes: object) -> None:
        for timer in (self._refresh, self._readiness):
            if not timer.isActive():
                timer.start()

    @Slot()
    def _on_refresh(self) -> None:
        self.backend.ask(read_overview, answer=self._on_overview)

    @Slot()
    def _on_readiness_wanted(self) -> None:
        self.backend.ask(read_readiness, answer=self._on_readiness)

    @Slot(object)
    def _on_overview(self, overview: Overview) -> None:
        self._overview = overview
        self.sidebar.show_live(overview, self.backend.address)
        self._rollback.setEnabled(overview.back_to is not None)
        self._show_counts()
        if self.stack.front is None and self.first_run is None:
            if overview.is_empty:
                self._show_first_run()
            else:
                self.show_pane(PANES[0][0])

    @Slot(object)
    def _on_readiness(self, readiness: Readiness) -> None:
        self.sidebar.show_readiness(readiness, self._overview.accepted if self._overview else readiness.accepted)

    @Slot()
    def _show_counts(self) -> None:
        if self._overview is None:
            return
        of = self._overview
        own = {
            "endpoints": count(of.endpoints) if of.endpoints else "",
            "drafts": f"{count(of.open_questions)} open" if of.open_questions else "",
            "pairs": f"{count(of.pending)} to review" if of.pending else "",
            "training": count(of.runs) if of.runs else "",
            "versions": count(of.versions) if of.versions else "",
        }
        for name, _ in PANES:
            pane = self.stack.pane(name)
            self.sidebar.button(name).show_count((pane.count_text() if pane else "") or own[name])

    def _show_first_run(self) -> None:
        self.first_run = FirstRun()
        self.first_run.practice_wanted.connect(self.commands.practise)
        self.first_run.own_models_wanted.connect(self._on_own_models)
        self.stack.bring_page(self.first_run)
        self.sidebar.show_chosen("")

    @Slot()
    def _on_own_models(self) -> None:
        self.show_pane("endpoints")

    # -- work

    @Slot(object)
    def _on_job_started(self, job: Job) -> None:
        job.events.connect(self._show_work)
        self._show_work()

    @Slot(object)
    def _on_job_ended(self, job: Job) -> None:
        self._show_work()
        if job.error is not None:
            self._say_error(KnownError(f"{job.title}: {job.error.message}", job.error.hint), "Show activity")

    @Slot()
    def _show_work(self) -> None:
        running = self.backend.running()
        self.footer.show_jobs(running)
        self.sidebar.show_running({pane_of(job) for job in running})
        self.sidebar.allow_rollback(not self.backend.running("deployment"))
        self._stop.setEnabled(bool(running))

    # -- menus

    @Slot()
    def _on_view(self) -> None:
        self.show_pane(self.sender().data())

    @Slot(object)
    def _on_appearance(self, action: QAction) -> None:
        self.theme.set_mode(action.data())

    @Slot()
    def _on_find(self) -> None:
        if self.stack.front is not None:
            self.stack.front.find()

    @Slot()
    def _on_run(self) -> None:
        action = self.stack.front.run_action() if self.stack.front is not None else None
        if action is not None and action.isEnabled():
            action.trigger()

    @Slot()
    def _on_show_folder(self) -> None:
        from PySide6.QtCore import QUrl
        from PySide6.QtGui import QDesktopServices

        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.backend.home)))
