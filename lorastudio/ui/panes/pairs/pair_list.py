"""The left side: search, the states with their counts, the order, and the list itself."""

from __future__ import annotations

from array import array

from PySide6.QtCore import QModelIndex, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.requests.pairs import PairFilter
from lorastudio.domain.pair import PairOrder, PairState
from lorastudio.ui.models.pair_list import PairListModel
from lorastudio.ui.panes.pairs.delegate import ROW_PX, PairDelegate
from lorastudio.ui.panes.pairs.flow import FlowLayout
from lorastudio.ui.panes.pairs.words import ORDER_NAMES, STATE_NAMES, short_count, spoken_row
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.wording import count

TYPING_MS = 200
LEAST_PX = 216
WIDTH_PX = 352
STATES: tuple[PairState | None, ...] = (*STATE_NAMES, None)


class PairTable(QTableView):
    """A table of one column: Qt's list view lays every row out again after each change, 3 s for a million."""

    def __init__(self, model: PairListModel, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("pairs.list")
        self.setAccessibleName("Pairs")
        self.setModel(model)
        self.setItemDelegate(PairDelegate(theme, self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setStyleSheet("selection-background-color: transparent")  # the delegate paints it, inside the corners
        self.horizontalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        theme.changed.connect(self.viewport().update)

    def keyboardSearch(self, _text: str) -> None:
        """Letters are the keys of actions here."""


class SearchField(QLineEdit):
    """Down and Return go to the list, Escape empties the field."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.left.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)


class PairListColumn(QWidget):
    """Says which filter is wanted, and which pair is looked at."""

    filter_changed = Signal()
    looked_at = Signal(object)  # the id of the pair, None when the list is empty

    def __init__(self, backend: Backend, theme: Theme) -> None:
        super().__init__()
        self.model = PairListModel(backend, spoken_row, self)
        self.table = PairTable(self.model, theme)
        self.search = SearchField()
        self.search.setObjectName("pairs.search")
        self.search.setPlaceholderText("Search prompts and drafts")
        self.search.setAccessibleName("Search prompts and drafts")
        self.search.setClearButtonEnabled(True)
        self.order = QComboBox()
        self.order.setObjectName("pairs.order")
        self.order.setAccessibleName("Order of the list")
        for order, name in ORDER_NAMES.items():
            self.order.addItem(name, order)
        self.setMinimumWidth(LEAST_PX)
        self._states = QButtonGroup(self)
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._lay_out(theme)
        self.search.textChanged.connect(self._on_typed)
        self.search.left.connect(self.table.setFocus)
        self._typing.timeout.connect(self.filter_changed)
        self.order.currentIndexChanged.connect(self.filter_changed)
        self._states.idClicked.connect(self._on_state_clicked)
        self.table.selectionModel().currentRowChanged.connect(self._on_row_changed)

    def _lay_out(self, theme: Theme) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.search, 1)
        top.addWidget(self.order)
        filters = FlowLayout(gap_px=4)
        for number, state in enumerate(STATES):
            name = "all" if state is None else state.value
            button = Button("All", f"pairs.show.{name}", kind="filter")
            button.setFont(theme.text_font(11))
            button.setCheckable(True)
            self._states.addButton(button, number)
            filters.addWidget(button)
        self._states.button(0).setChecked(True)
        self.show_counts(dict.fromkeys(PairState, 0))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(top)
        column.addLayout(filters)
        column.addWidget(self.table, 1)

    def sizeHint(self) -> QSize:
        return QSize(WIDTH_PX, super().sizeHint().height())

    def filter(self) -> PairFilter:
        """What the controls say."""
        return PairFilter(
            STATES[self._states.checkedId()], self.search.text().strip(), PairOrder(self.order.currentData())
        )

    def set_filter(self, wanted: PairFilter) -> None:
        """Set the controls, without a word."""
        for control in (self.search, self.order):
            control.blockSignals(True)
        self._states.button(STATES.index(wanted.state)).setChecked(True)
        self.search.setText(wanted.search)
        self.order.setCurrentIndex(list(ORDER_NAMES).index(wanted.order))
        for control in (self.search, self.order):
            control.blockSignals(False)

    def show_counts(self, counts: dict[PairState, int]) -> None:
        """The counts on the filters; the exact ones are in the tooltips."""
        for number, state in enumerate(STATES):
            name = "All" if state is None else STATE_NAMES[state]
            number_of = sum(counts.values()) if state is None else counts[state]
            button = self._states.button(number)
            button.setText(name if state is None else f"{name} {short_count(number_of)}")
            button.setToolTip(f"{name}: {count(number_of)}")
            button.setAccessibleName(f"{name}, {count(number_of)}")

    def show_ids(self, ids: array[int], wanted_id: int | None) -> None:
        """Show a list, at the pair `wanted_id`; where that is not in it, at the row that was looked at before."""
        before = self.table.currentIndex().row()
        self.table.itemDelegate().names_states = self.filter().state is None
        self.model.set_ids(ids)
        row = -1 if wanted_id is None else self.model.row_of(wanted_id)
        self.look_at(row if row >= 0 else max(0, min(before, len(ids) - 1)))
        if not ids:
            self.looked_at.emit(None)

    def look_at(self, row: int) -> None:
        """Go to a row, if there is one."""
        if 0 <= row < self.model.rowCount():
            self.table.setCurrentIndex(self.model.index(row, 0))

    def current_row(self) -> int:
        """The row that is looked at, -1 for none."""
        return self.table.currentIndex().row()

    def current_id(self) -> int | None:
        """The pair that is looked at."""
        return self.model.id_at(self.current_row())

    def take_out(self, row: int) -> None:
        """Remove a row; the one after it is looked at then."""
        self.model.remove(row)
        if self.model.rowCount() == 0:
            self.looked_at.emit(None)

    @Slot(QModelIndex, QModelIndex)
    def _on_row_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self.looked_at.emit(self.model.id_at(current.row()))

    @Slot(int)
    def _on_state_clicked(self, _number: int) -> None:
        self.filter_changed.emit()

    @Slot(str)
    def _on_typed(self, text: str) -> None:
        self._typing.start()
        if not text:
            self._typing.stop()
            self.filter_changed.emit()
