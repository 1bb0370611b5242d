"""Pairs of a bad and a good draft, and what is decided about them."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.requests.pairs import (
    PairFilter,
    PairList,
    PairRow,
    PairSheet,
    decide,
    edit,
    read_counts,
    read_list,
    read_rows,
)
from lorastudio.bridge.requests.undoing import undo_last
from lorastudio.domain.changes import Changes
from lorastudio.domain.errors import KnownError
from lorastudio.domain.pair import PairOrder, PairState
from lorastudio.ui.panes.base import Pane
from lorastudio.ui.panes.pairs.action_row import PairActions
from lorastudio.ui.panes.pairs.bulk_sheet import BulkSheet
from lorastudio.ui.panes.pairs.detail import BETWEEN_PX, PairDetail
from lorastudio.ui.panes.pairs.empty import NothingHere, no_pairs_yet
from lorastudio.ui.panes.pairs.pair_list import PairListColumn
from lorastudio.ui.panes.pairs.pair_tools import PairTools
from lorastudio.ui.panes.pairs.sheets import PairSheets
from lorastudio.ui.panes.pairs.words import counts_line
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.buttons import ActionButton
from lorastudio.ui.wording import count

REREAD_MS = 300


class PairsPane(Pane):
    """Review with the keyboard. A decision shows at once and is written behind it; `Changes` put right the rest."""

    name = "pairs"
    title = "Pairs"

    def __init__(self, backend: Backend, theme: Theme) -> None:
        super().__init__(backend, theme)
        self._counts = dict.fromkeys(PairState, 0)
        self._sheets = PairSheets(backend, self)
        self._decided: dict[int, PairState] = {}  # what was decided here last, until it is taken back
        self._wanted_id: int | None = None  # where to go once the list is read again
        self._shown_filter: PairFilter | None = None
        self._reading = self._stale = False
        self._reread = QTimer(self, singleShot=True, interval=REREAD_MS)
        self.acts = PairActions(self)
        self.list = PairListColumn(backend, theme)
        self.detail = PairDetail(theme)
        self.nothing = NothingHere()
        self.empty = no_pairs_yet()
        self._lay_out()
        self._connect()
        self.acts.allow(pair=False, editing=False)

    def _lay_out(self) -> None:
        self._right = QStackedWidget()
        self._right.addWidget(self.detail)
        self._right.addWidget(self.nothing)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(BETWEEN_PX)
        column.addWidget(self._right, 1)
        column.addWidget(self.acts.row)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(16)
        self.splitter.addWidget(self.list)
        self.splitter.addWidget(right)
        self.splitter.setStretchFactor(1, 1)
        self._whole = QStackedWidget()
        self._whole.addWidget(self.splitter)
        self._whole.addWidget(self.empty)
        self.body.addWidget(self._whole, 1)
        for action in (self.acts.bring_in, self.acts.accept_many, self.acts.reject_many):
            self.title_row.add(ActionButton(action))
        for widget in (*self.acts.view_buttons, self.acts.view_key):
            self.detail.header.tools.addWidget(widget)
        self.tools = PairTools(self.backend, self.detail, self)
        texts = (self.detail.bad.text, self.detail.good.text, self.detail.inline, self.detail.header.prompt)
        for widget in (self.list.table, *texts):
            widget.addAction(self.acts.toggle_view)

    def _connect(self) -> None:
        acts = self.acts
        acts.accept.triggered.connect(self._on_accept)
        acts.reject.triggered.connect(self._on_reject)
        acts.edit.triggered.connect(self._on_edit)
        acts.skip.triggered.connect(self._on_skip)
        acts.undo.triggered.connect(self._on_undo)
        acts.save.triggered.connect(self._on_save)
        acts.cancel.triggered.connect(self._on_cancel)
        acts.toggle_view.triggered.connect(self._on_toggle_view)
        acts.view_chosen.connect(self._on_view_chosen)
        acts.accept_many.triggered.connect(self._on_accept_many)
        acts.reject_many.triggered.connect(self._on_reject_many)
        acts.bring_in.triggered.connect(self.import_wanted)
        self.list.filter_changed.connect(self._on_filter_changed)
        self.list.looked_at.connect(self._on_looked_at)
        self.nothing.clear_wanted.connect(self._on_clear_search)
        self.nothing.go_to.connect(self.go_to)
        self.empty.pressed.connect(self.practice_wanted)
        self._sheets.ready.connect(self._on_sheet)
        self._sheets.failed.connect(self.show_error)
        self._reread.timeout.connect(self._read_again)
        self.backend.changed.connect(self._on_changed)

    # -- what the frame asks

    def actions(self) -> list[QAction]:
        return [*self.acts.for_menu(), *self.tools.actions]

    def run_action(self) -> QAction | None:
        return self.acts.save if self.detail.is_editing else None

    def find(self) -> None:
        self.list.search.setFocus()
        self.list.search.selectAll()

    def count_text(self) -> str:
        waiting = self._counts[PairState.PENDING]
        return f"{count(waiting)} to review" if waiting else ""

    def shown(self) -> None:
        self._read_again()
        self.list.table.setFocus()

    def state(self) -> dict[str, Any]:
        chosen = self.list.filter()
        return {
            "state": "" if chosen.state is None else chosen.state.value,
            "search": chosen.search,
            "order": chosen.order.value,
            "inline": self.acts.is_inline,
            "pair": self.list.current_id(),
            "sizes": self.splitter.sizes(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        names = {"": None, **{item.value: item for item in PairState}}
        orders = {item.value: item for item in PairOrder}
        self.list.set_filter(
            PairFilter(
                names.get(state.get("state"), PairState.PENDING),
                str(state.get("search") or ""),
                orders.get(state.get("order"), PairOrder.MARGIN),
            )
        )
        self._on_view_chosen(bool(state.get("inline")))
        self._wanted_id = state.get("pair")
        if sizes := state.get("sizes"):
            self.splitter.setSizes(sizes)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # The window's menus own these keys where there are menus; a second owner would make them ambiguous.
        if event.matches(QKeySequence.StandardKey.Undo):
            self.acts.undo.trigger()
        elif self.detail.is_editing and event.key() == Qt.Key.Key_Escape:
            self.acts.cancel.trigger()
        elif self.detail.is_editing and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.acts.save.trigger()
        else:
            super().keyPressEvent(event)

    # -- the list

    @Slot()
    def _read_again(self) -> None:
        if self._reading or self.detail.is_editing:
            self._stale = True  # an edit that is not saved must not lose its pair
            return
        self._reading, self._stale = True, False
        self.backend.ask(read_list, self.list.filter(), answer=self._on_list, failed=self._on_list_failed)

    @Slot(object)
    def _on_list(self, read: PairList) -> None:
        self._reading = False
        if self._stale or self.detail.is_editing or read.filter != self.list.filter():
            self._read_again()
            return
        stays = read.filter == self._shown_filter
        wanted = self._wanted_id if self._wanted_id is not None else self.list.current_id() if stays else None
        self._wanted_id, self._shown_filter = None, read.filter
        self._sheets.forget_all()
        self._show_counts(read.counts)
        has_pairs = any(read.counts.values())
        self._whole.setCurrentIndex(0 if has_pairs else 1)
        self.nothing.explain(read.filter)
        self.list.show_ids(read.ids, wanted)

    @Slot(object)
    def _on_list_failed(self, error: KnownError) -> None:
        self._reading = False
        self.show_error(error)

    @Slot()
    def _on_filter_changed(self) -> None:
        self._read_again()

    @Slot()
    def _on_clear_search(self) -> None:
        self.list.search.clear()
        self.list.table.setFocus()

    @Slot(object)
    def _on_counts(self, counts: dict[PairState, int]) -> None:
        self._show_counts(counts)

    def _show_counts(self, counts: dict[PairState, int]) -> None:
        self._counts = counts
        self.list.show_counts(counts)
        self.title_row.state.say(counts_line(counts))
        waiting = bool(counts[PairState.PENDING])
        self.acts.accept_many.setEnabled(waiting)
        self.acts.reject_many.setEnabled(waiting)
        self.count_changed.emit()

    # -- one pair

    @Slot(object)
    def _on_looked_at(self, pair_id: int | None) -> None:
        self._right.setCurrentIndex(0 if pair_id is not None else 1)
        if pair_id is None:
            self.detail.sheet = None
            self.acts.allow(pair=False, editing=False)
        else:
            self._sheets.want(pair_id)

    @Slot(object)
    def _on_sheet(self, sheet: PairSheet) -> None:
        if sheet.pair.id != self.list.current_id() or self.detail.is_editing:
            return
        self.detail.show_sheet(sheet)
        self.acts.allow(pair=True, editing=False)
        following = self.list.model.id_at(self.list.current_row() + 1)
        if following is not None:
            self._sheets.prepare(following)

    def _seen(self) -> PairSheet | None:
        """The pair that is on the screen; None while another one is looked up, which nobody can have judged."""
        sheet = self.detail.sheet
        return sheet if sheet is not None and sheet.pair.id == self.list.current_id() else None

    # -- decisions

    @Slot()
    def _on_accept(self) -> None:
        self._decide(PairState.ACCEPTED)

    @Slot()
    def _on_reject(self) -> None:
        self._decide(PairState.REJECTED)

    def _decide(self, state: PairState) -> None:
        sheet = self._seen()
        if sheet is None:
            return
        pair, row = sheet.pair, self.list.current_row()
        self.error_bar.hide()
        self._decided[pair.id] = state
        self._sheets.forget(pair.id)
        moved = {pair.state: self._counts[pair.state] - 1}
        self._show_counts(self._counts | moved | {state: (self._counts | moved)[state] + 1})
        if self.list.filter().state in (None, state):
            self.list.model.show_state(row, state)
            self._go_on(row, pair.id)
        else:
            self.list.take_out(row)
        self.backend.act(decide, [pair.id], state, failed=self._on_not_written)

    def _go_on(self, row: int, pair_id: int) -> None:
        if row + 1 < self.list.model.rowCount():
            self.list.look_at(row + 1)
        else:
            self._on_looked_at(pair_id)

    @Slot()
    def _on_skip(self) -> None:
        row = self.list.current_row()
        self.list.look_at(row + 1 if row + 1 < self.list.model.rowCount() else 0)

    @Slot()
    def _on_undo(self) -> None:
        self.error_bar.hide()
        self.backend.act(undo_last, failed=self.show_error)

    @Slot(object)
    def _on_not_written(self, error: KnownError) -> None:
        self._decided.clear()
        self.show_error(error)
        self._read_again()

    @Slot()
    def _on_accept_many(self) -> None:
        self._open_bulk(PairState.ACCEPTED)

    @Slot()
    def _on_reject_many(self) -> None:
        self._open_bulk(PairState.REJECTED)

    def _open_bulk(self, state: PairState) -> None:
        sheet = BulkSheet(self.backend, state, self.list.filter().search, self.window())
        sheet.closed.connect(self.list.table.setFocus)
        sheet.open()

    # -- editing

    @Slot()
    def _on_edit(self) -> None:
        if self._seen() is not None:
            self.acts.allow(pair=True, editing=True)
            self.list.setEnabled(False)
            self.detail.edit()

    @Slot()
    def _on_save(self) -> None:
        sheet = self._seen()
        changes = self.detail.editor.changes()
        if sheet is None or changes == (None, None, None):
            self._on_cancel()
            return
        self.backend.act(edit, sheet.pair.id, *changes, answer=self._on_saved, failed=self.show_error)

    @Slot(object)
    def _on_saved(self, _changes: Changes) -> None:
        self.error_bar.hide()
        self._on_cancel()

    @Slot()
    def _on_cancel(self) -> None:
        self.detail.end_edit()
        self.acts.allow(pair=True, editing=False)
        self.list.setEnabled(True)
        self.list.table.setFocus()
        if self._stale and not self._reading:
            self._read_again()

    @Slot()
    def _on_toggle_view(self) -> None:
        self._on_view_chosen(not self.acts.is_inline)

    @Slot(bool)
    def _on_view_chosen(self, inline: bool) -> None:
        self.acts.show_view(inline)
        self.detail.show_inline(inline)

    # -- what others changed, and what was taken back

    @Slot(object)
    def _on_changed(self, changes: Changes) -> None:
        if changes == Changes() or len(changes.pairs) > 1:
            self._sheets.forget_all()
            if self.isVisible() and not self._reread.isActive():
                self._reread.start()
        elif changes.pairs:
            self._sheets.forget(changes.pairs[0])
            if self.isVisible():
                self.backend.ask(read_rows, list(changes.pairs), answer=self._on_changed_row, failed=self.show_error)
                self.backend.ask(read_counts, answer=self._on_counts, failed=self.show_error)

    @Slot(object)
    def _on_changed_row(self, rows: list[PairRow]) -> None:
        if not rows:
            self._read_again()
            return
        row, decided = rows[0], self._decided.get(rows[0].id)
        taken_back = decided is not None and row.state is not decided
        if taken_back:
            del self._decided[row.id]
        elif decided is not None and self.list.filter().state not in (None, row.state):
            return  # our own decision, and the row is out of the list already
        self._put_right(row, taken_back)

    def _put_right(self, row: PairRow, taken_back: bool) -> None:
        at = self.list.model.row_of(row.id)
        fits = self.list.filter().state in (None, row.state)
        if fits and at < 0:
            self._wanted_id = row.id if taken_back else None
            self._read_again()
        elif fits:
            self.list.model.update(at, row)
            if taken_back:
                self.list.look_at(at)
            if self.list.current_id() == row.id and not self.detail.is_editing:
                self._on_looked_at(row.id)
        elif at >= 0:
            self.list.take_out(at)
