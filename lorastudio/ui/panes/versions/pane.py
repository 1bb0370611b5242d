"""Versions: which there are, what the gate says of them, which one is live, and where they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.job import Job
from lorastudio.bridge.requests import deploying
from lorastudio.bridge.requests import versions as requests
from lorastudio.domain.events import Event
from lorastudio.ui.panes.base import BETWEEN_CARDS_PX
from lorastudio.ui.panes.reading import ReadingPane
from lorastudio.ui.panes.versions.answers import AnswersCard
from lorastudio.ui.panes.versions.deploy import DeployCard
from lorastudio.ui.panes.versions.gate import GateCard
from lorastudio.ui.panes.versions.lineage import LineageCard
from lorastudio.ui.panes.versions.table import VersionTable
from lorastudio.ui.panes.versions.words import at_start, day, opponent_name
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.buttons import ActionButton
from lorastudio.ui.widgets.empty_state import EmptyState
from lorastudio.ui.wording import counted, version_name

if TYPE_CHECKING:
    from lorastudio.bridge.requests.versions import VersionLine, VersionStory, VersionsView

RIGHT_PX = 330
KINDS = ("gate", "deployment")


class VersionsPane(ReadingPane):
    """Versions, the gate and deployment."""

    name = "versions"
    title = "Versions"

    def __init__(self, backend: Backend, theme: Theme) -> None:
        super().__init__(backend, theme, requests.read_versions, self.show_view)
        self.view: VersionsView | None = None
        self._chosen: int | None = None
        self._make_actions()
        self._build()
        backend.job_started.connect(self._on_job_started)
        for job in backend.running():
            self._on_job_started(job)
        theme.changed.connect(self._on_theme_changed)
        self._show_all()

    def actions(self) -> list[QAction]:
        return [
            self.judge_action,
            self.deploy_action,
            self.rollback_action,
            self.folder_action,
            self.questions_action,
        ]

    def run_action(self) -> QAction | None:
        return self.deploy_action if self.deploy_action.isEnabled() else self.judge_action

    def state(self) -> dict[str, Any]:
        return {"version": self._chosen}

    def restore(self, state: dict[str, Any]) -> None:
        self._chosen = state.get("version")

    def _make_actions(self) -> None:
        self.judge_action = self._action("Judge", "judge", "Judge it on the gate questions", self._on_judge)
        self.deploy_action = self._action("Deploy", "deploy", "Make it the version that answers", self._on_deploy)
        self.rollback_action = self._action("Roll back", "rollback", "", self._on_rollback)
        self.folder_action = self._action("Open folder", "open_folder", "Show its files", self._on_folder)
        self.questions_action = self._action(
            "Gate questions…", "gate_questions", "The questions that only the gate may read", self._on_questions
        )

    def _build(self) -> None:
        self.title_row.add(ActionButton(self.judge_action))
        self.title_row.add(ActionButton(self.rollback_action))
        self.table = VersionTable(self.theme)
        self.answers = AnswersCard()
        self.empty = EmptyState(
            "No versions yet",
            "Each finished training run becomes a version. The gate judges it before it may go live, "
            "and any version can be brought back.",
            "Go to Training",
            name="versions.to_training",
        )
        left = QVBoxLayout()
        left.setSpacing(12)
        left.addWidget(self.table)
        left.addWidget(self.answers, 1)
        left.addStretch()
        self._whole = QWidget()
        sides = QHBoxLayout(self._whole)
        sides.setContentsMargins(0, 0, 0, 0)
        sides.setSpacing(BETWEEN_CARDS_PX)
        sides.addLayout(left, 1)
        sides.addWidget(self._build_right())
        self.body.addWidget(self._whole, 1)
        self.body.addWidget(self.empty, 1)
        self.answers.hide()
        self.table.selected.connect(self._on_selected)
        self.table.wanted.connect(self._on_wanted)
        self.gate.stop_wanted.connect(self._on_stop)
        self.where.against_gate.connect(self._on_against_gate)
        self.lineage.folder_button.clicked.connect(self._on_folder)
        self.empty.pressed.connect(self._on_to_training)

    def _build_right(self) -> QScrollArea:
        self.gate, self.where, self.lineage = GateCard(), DeployCard(self.theme), LineageCard()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 10, 0)
        column.setSpacing(12)
        for card in (self.gate, self.where, self.lineage):
            column.addWidget(card)
        column.addStretch()
        area = QScrollArea()
        area.setObjectName("versions.right")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setFixedWidth(RIGHT_PX + 10)
        area.setWidget(inside)
        return area

    # reading

    def show_view(self, view: VersionsView) -> None:
        """What `read_versions` found."""
        before, self.view = self.view, view
        numbers = [line.version.version for line in view.lines]
        news = before is not None and len(view.lines) > len(before.lines)
        if numbers and (self._chosen not in (0, *numbers) or self._chosen is None or news):
            self._chosen = numbers[0]
        if view != before:
            self.table.show_versions(view, self._chosen)
            self.table.setFixedHeight(self.table.wanted_height())
            self._look_closer()
        self._show_all()

    def _line(self) -> VersionLine | None:
        """The selected version; None for the base."""
        lines = self.view.lines if self.view is not None else ()
        return next((line for line in lines if line.version.version == self._chosen), None)

    def _look_closer(self) -> None:
        """Read what takes a moment: the answers at the gate and the hashes of the files."""
        line = self._line()
        self.answers.show_questions((), "", "")
        if line is not None:
            self.lineage.show_version(line.version)
            self.backend.ask(requests.read_version_story, line.version.version, answer=self._on_story)

    @Slot(object)
    def _on_story(self, story: VersionStory) -> None:
        line = self._line()
        if line is None or line.version.version != story.version:
            return
        against = opponent_name(str(line.report["against"])) if line.report is not None else ""
        self.answers.show_questions(story.deciding, version_name(story.version), against)
        self.lineage.show_story(story)

    # what the person does

    @Slot(int)
    def _on_selected(self, version: int) -> None:
        if version == self._chosen:
            return
        self._chosen = version
        self._look_closer()
        self._show_all()

    @Slot(str, int)
    def _on_wanted(self, verb: str, version: int) -> None:
        if verb == "reason":
            self.where.reason.setFocus()
        elif verb == "rollback":
            self._start_deployment(f"Rollback to {version_name(version)}", deploying.roll_back, version)
        elif verb == "judge":
            self._on_judge()
        else:
            self._on_deploy()

    @Slot()
    def _on_judge(self) -> None:
        if self._chosen and not self.backend.running("gate"):
            title = f"Gate for {version_name(self._chosen)}"
            self.backend.start("gate", title, requests.judge, self._chosen)
            self._show_all()

    @Slot()
    def _on_deploy(self) -> None:
        if self._chosen:
            self._start_deployment(f"Deployment of {version_name(self._chosen)}", deploying.deploy, self._chosen)

    @Slot(str)
    def _on_against_gate(self, reason: str) -> None:
        if self._chosen:
            title = f"Deployment of {version_name(self._chosen)}"
            self._start_deployment(title, deploying.deploy, self._chosen, True, reason)

    @Slot()
    def _on_rollback(self) -> None:
        if self.view is not None and self.view.back_to is not None:
            goal = self.view.back_to
            self._start_deployment(f"Rollback to {version_name(goal)}", deploying.roll_back)

    def _start_deployment(self, title: str, make: Any, *args: Any) -> None:
        if not self.backend.running("deployment"):
            self.backend.start("deployment", title, make, *args)
            self._show_all()

    @Slot()
    def _on_stop(self) -> None:
        for job in self.backend.running("gate"):
            job.stop()
        self._show_all()

    @Slot()
    def _on_folder(self) -> None:
        line = self._line()
        if line is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(line.version.model_path))

    @Slot()
    def _on_questions(self) -> None:
        from lorastudio.ui.gate_sheet import GateSheet

        sheet = GateSheet(self.backend, self.window())
        sheet.open(sheet.add_button)

    @Slot()
    def _on_to_training(self) -> None:
        self.go_to.emit("training")

    # running work

    @Slot(object)
    def _on_job_started(self, job: Job) -> None:
        if job.kind in KINDS:
            job.events.connect(self._on_job_events)
            job.ended.connect(self._on_job_ended)
            self._show_all()

    @Slot(object)
    def _on_job_events(self, _events: tuple[Event, ...]) -> None:
        self._show_work()

    @Slot(object)
    def _on_job_ended(self, _job: Job) -> None:
        self._show_all()

    # showing

    @Slot()
    def _on_theme_changed(self) -> None:
        if self.view is not None:
            self.table.recolour()

    def _show_all(self) -> None:
        """Bring everything but the table in line with what is known."""
        view, line = self.view, self._line()
        has_versions = view is not None and bool(view.lines)
        self._whole.setVisible(has_versions)
        self.empty.setVisible(view is not None and not has_versions)
        deploying_now = bool(self.backend.running("deployment"))
        judging = bool(self.backend.running("gate"))
        self._show_actions(line, deploying_now, judging)
        self.table.allow_buttons(not deploying_now)
        self.title_row.state.say(self._state_words())
        if view is None or not has_versions:
            return
        self.gate.show_report(self._chosen or 0, line.report if line is not None else None, view.gate_questions)
        self.where.show_change(view, line, self.backend.address)
        self.lineage.setVisible(line is not None)
        self._show_work()

    def _show_actions(self, line: VersionLine | None, deploying_now: bool, judging: bool) -> None:
        view = self.view
        name = version_name(line.version.version) if line is not None else ""
        back_to = view.back_to if view is not None else None
        self.judge_action.setText(f"Judge {name}".strip())
        self.judge_action.setEnabled(line is not None and not judging and view is not None and view.gate_questions > 0)
        self.judge_action.setVisible(line is not None)
        self.deploy_action.setText(f"Deploy {name}".strip())
        self.deploy_action.setEnabled(line is not None and line.state == "candidate" and not deploying_now)
        self.rollback_action.setText("Roll back" if back_to is None else f"Roll back to {version_name(back_to)}")
        self.rollback_action.setToolTip("Make what was live before the live one again, proved by a probe")
        self.rollback_action.setEnabled(back_to is not None and not deploying_now)
        self.rollback_action.setVisible(back_to is not None)
        self.folder_action.setEnabled(line is not None)

    def _show_work(self) -> None:
        gate, deployment = self.backend.running("gate"), self.backend.running("deployment")
        self.gate.show_progress(gate[0] if gate else None)
        self.where.show_progress(deployment[0] if deployment else None)

    def _state_words(self) -> str:
        view = self.view
        if view is None or not view.lines:
            return ""
        if not view.history or not view.live_since:
            return f"{counted(len(view.lines), 'version')}, nothing was deployed yet"
        name = version_name(view.live)
        return f"{at_start(name)} live since {day(view.live_since)}"
