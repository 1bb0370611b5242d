"""The pane of endpoints: three roles, the teachers, what is found on this machine, and adding to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.job import Job
from lorastudio.bridge.requests import endpoints as requests
from lorastudio.domain.changes import Changes
from lorastudio.domain.endpoint import Role
from lorastudio.domain.errors import KnownError
from lorastudio.ui.panes.base import BETWEEN_CARDS_PX, Pane
from lorastudio.ui.panes.endpoints.form import EndpointForm
from lorastudio.ui.panes.endpoints.found_card import FoundCard
from lorastudio.ui.panes.endpoints.role_card import RoleCard
from lorastudio.ui.panes.endpoints.teachers_card import TeachersCard
from lorastudio.ui.panes.endpoints.words import MACHINE
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.buttons import ActionButton
from lorastudio.ui.widgets.error_bar import NoticeBar
from lorastudio.ui.widgets.scroll_column import ScrollColumn

if TYPE_CHECKING:
    from lorastudio.bridge.requests.endpoints import EndpointKept, SetUp, TypedEndpoint
    from lorastudio.endpoints.discovery import FoundServer

RIGHT_PX = 330
CARD_ROLES = (Role.WRITER, Role.CRITIC, Role.EMBEDDER)
TEST, FIND = "endpoint test", "server search"


class EndpointsPane(Pane):
    """Who writes, who criticises, who embeds and who teaches; every server can be tested here."""

    name = "endpoints"
    title = "Endpoints"

    def __init__(self, backend: Backend, theme: Theme) -> None:
        super().__init__(backend, theme)
        self._set_up: SetUp | None = None
        self._tests: dict[str, dict[str, Any]] = {}  # of this sitting, by name: those of built-in servers too
        self._testing: dict[str, Job] = {}
        self._search: Job | None = None
        self.cards = [RoleCard(role) for role in CARD_ROLES]
        self.teachers = TeachersCard()
        self.found = FoundCard(theme)
        self.form = EndpointForm()
        self.form.hide()
        self.notice = NoticeBar("endpoints.notice")
        self._make_actions()
        self._build()
        self._connect()

    def actions(self) -> list[QAction]:
        return [self.add_action, self.find_action, self.test_action]

    def shown(self) -> None:
        self._refresh()

    def _make_actions(self) -> None:
        self.find_action = self._action("Find servers", "endpoints.find", f"Look for model servers on {MACHINE}")
        self.add_action = self._action("Add endpoint", "endpoints.add", "Set up a server for a role")
        self.test_action = self._action("Test all", "endpoints.test_all", "Test every server that is set up")
        self.find_action.triggered.connect(self._find)
        self.add_action.triggered.connect(self._on_add_action)
        self.test_action.triggered.connect(self._test_all)

    def _action(self, text: str, name: str, tip: str) -> QAction:
        action = QAction(text, self)
        action.setObjectName(name)
        action.setToolTip(tip)
        action.setEnabled(False)  # until the library is open
        return action

    def _build(self) -> None:
        self.title_row.add(ActionButton(self.find_action, parent=self.title_row))
        self.title_row.add(ActionButton(self.add_action, kind="primary", parent=self.title_row))
        self.layout().insertWidget(2, self.notice)
        left, right = ScrollColumn(self.cards), ScrollColumn([self.form, self.found, self.teachers])
        for column in (left, right):
            column.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is in it can be reached, and scrolls it
        right.setFixedWidth(RIGHT_PX)
        columns = QHBoxLayout()
        columns.setSpacing(BETWEEN_CARDS_PX)
        columns.addWidget(left, 1)
        columns.addWidget(right)
        self.body.addLayout(columns)

    def _connect(self) -> None:
        for card in (*self.cards, self.teachers):
            card.test_wanted.connect(self._test)
            card.remove_wanted.connect(self._remove)
            card.change_wanted.connect(self._change)
            card.add_wanted.connect(self._open_form)
        self.found.use_wanted.connect(self._use)
        self.form.submitted.connect(self._keep)
        self.form.refused.connect(self.show_error)
        self.form.put_away.connect(self._close_form)
        self.backend.changed.connect(self._on_changed)

    @Slot(object)
    def _on_changed(self, _changes: Changes) -> None:
        if self.isVisible():
            self._refresh()

    def _refresh(self) -> None:
        self.backend.ask(requests.read_set_up, answer=self._on_set_up, failed=self.show_error)

    @Slot(object)
    def _on_set_up(self, set_up: SetUp) -> None:
        first, self._set_up = self._set_up is None, set_up
        self.title_row.state.say(f"Keys are kept in {set_up.keys_place}")
        self.form.show_keychain(set_up.keys_place, lasts=set_up.keys_last)
        self.add_action.setEnabled(not self.form.isVisibleTo(self))
        self._show()
        if first:
            self._find()

    def _show(self) -> None:
        if self._set_up is None:
            return
        testing = set(self._testing)
        for card in self.cards:
            card.show_role(self._set_up, self._tests, testing, self.backend.address)
        self.teachers.show_teachers(self._set_up, self._tests, testing)
        self.find_action.setEnabled(self._search is None)
        self.test_action.setEnabled(True)

    @Slot()
    def _on_add_action(self) -> None:
        self._open_form(Role.WRITER)

    @Slot(object)
    def _open_form(self, role: Role) -> None:
        self.add_action.setEnabled(False)
        self.form.open_for(role)

    @Slot(object)
    def _use(self, server: FoundServer) -> None:
        """The server as a critic: whoever has none needs one first, and the own engine writes."""
        self.add_action.setEnabled(False)
        self.form.open_for(Role.CRITIC, name=server.program, url=server.url, models=server.models)

    @Slot()
    def _close_form(self) -> None:
        self.form.hide()
        self.form.forget_key()
        self.add_action.setEnabled(self._set_up is not None)

    @Slot(str)
    def _change(self, name: str) -> None:
        if self._set_up is None:
            return
        for known in (item for items in self._set_up.of_role.values() for item in items):
            if known.endpoint.name == name:
                self.add_action.setEnabled(False)
                self.form.open_to_change(known.endpoint, self._tests.get(name, known.probe or {}).get("models", ()))

    @Slot(object)
    def _keep(self, typed: TypedEndpoint) -> None:
        self.error_bar.hide()
        self.form.add_button.setEnabled(False)
        self.backend.act(requests.keep_endpoint, typed, answer=self._on_kept, failed=self._on_not_kept)

    @Slot(object)
    def _on_kept(self, kept: EndpointKept) -> None:
        self.form.add_button.setEnabled(True)
        self._close_form()
        self._tests.pop(kept.name, None)
        if kept.warnings:
            self.notice.say(f"{kept.name} is {'added' if kept.is_new else 'changed'}.", " ".join(kept.warnings))
        self._test(kept.name)

    @Slot(object)
    def _on_not_kept(self, error: KnownError) -> None:
        self.form.add_button.setEnabled(True)
        self.form.name.setFocus()
        self.show_error(error if error.hint else KnownError(error.message, "Choose another name, or remove it first."))

    @Slot(str)
    def _remove(self, name: str) -> None:
        self._tests.pop(name, None)
        self.backend.act(requests.remove_endpoint, name, failed=self.show_error)

    @Slot()
    def _test_all(self) -> None:
        if self._set_up is None:
            return
        for known in self._set_up.of_role.values():
            for item in known:
                self._test(item.endpoint.name)

    @Slot(str)
    def _test(self, name: str) -> None:
        if name in self._testing:
            return
        job = self.backend.start(TEST, f"Test of {name}", requests.test_endpoint, name)
        self._testing[name] = job
        job.events.connect(self._on_test_events)
        job.ended.connect(self._on_test_ended)
        self._show()

    @Slot(object)
    def _on_test_events(self, batch: tuple[object, ...]) -> None:
        for event in batch:
            if isinstance(event, requests.EndpointTested):
                self._tests[event.name] = event.probe

    @Slot(object)
    def _on_test_ended(self, job: Job) -> None:
        for name in [name for name, own in self._testing.items() if own is job]:
            del self._testing[name]
            if job.error is not None:
                self._tests[name] = {"error": str(job.error)}
        self._show()

    @Slot()
    def _find(self) -> None:
        if self._search is not None:
            return
        self.found.show_looking()
        self._search = self.backend.start(FIND, f"Looking for servers on {MACHINE}", requests.find_servers)
        self._search.events.connect(self._on_found)
        self._search.ended.connect(self._on_find_ended)
        self.find_action.setEnabled(False)

    @Slot(object)
    def _on_found(self, batch: tuple[object, ...]) -> None:
        for event in batch:
            if isinstance(event, requests.ServersFound):
                self.found.show_found(event.servers)

    @Slot(object)
    def _on_find_ended(self, job: Job) -> None:
        self._search = None
        self.find_action.setEnabled(True)
        if job.state != "done":
            self.found.show_unknown()
