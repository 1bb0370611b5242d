"""The table of versions: one row each, the newest first, and the bare base last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from lorastudio.ui.panes.versions.words import STATE_CHIPS, base_short_name, day, gain_text, interval_text
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.labels import Figure
from lorastudio.ui.widgets.thin_bar import ThinBar
from lorastudio.ui.wording import count, version_name

if TYPE_CHECKING:
    from lorastudio.bridge.requests.versions import VersionLine, VersionsView

STATE, VERSION, TRAINED, BASE_MODEL, PAIRS, LOSS, SCORE, ACTION = range(8)
HEADS = ("", "Version", "Trained", "Base model", "Pairs", "Loss", "Gate score", "")
WIDTHS = {VERSION: 66, TRAINED: 72, BASE_MODEL: 88, PAIRS: 60, LOSS: 64}
CELL_MARGINS_PX = 14
ROW_PX = 48
HEAD_PX = 32
BASE = 0  # the base's number, as for rollbacks
NARROW_PX, NARROWER_PX = 800, 640
NARROW_HIDES = (BASE_MODEL, LOSS)
NARROWER_HIDES = (TRAINED, PAIRS)


class VersionTable(QTableWidget):
    """Says which version is selected (0: the base), and what a row's button wants: "deploy", "rollback", "judge" or
    "reason" (to deploy against the gate)."""

    selected = Signal(int)
    wanted = Signal(str, int)

    def __init__(self, theme: Theme) -> None:
        super().__init__(0, len(HEADS))
        self._theme = theme
        self._view: VersionsView | None = None
        self._numbers: list[int] = []
        self._buttons: list[Button] = []
        self._intervals: list[tuple[Figure, str, str]] = []
        self.setObjectName("versions.table")
        self.setAccessibleName("Versions")
        self.setHorizontalHeaderLabels(HEADS)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setFixedHeight(HEAD_PX)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(SCORE, QHeaderView.ResizeMode.Stretch)
        for column, width in WIDTHS.items():
            self.setColumnWidth(column, width)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemSelectionChanged.connect(self._on_selection)

    @property
    def current_version(self) -> int | None:
        """The selected version, 0 for the base."""
        rows = self.selectionModel().selectedRows()
        return self._numbers[rows[0].row()] if rows else None

    def show_versions(self, view: VersionsView, chosen: int | None) -> None:
        """Fill the table and select `chosen`."""
        if view != self._view:
            self._view = view
            self._fill(view)
        if chosen in self._numbers:
            self.selectRow(self._numbers.index(chosen))

    def allow_buttons(self, allowed: bool) -> None:
        """Whether the buttons in the rows can be pressed now."""
        for button in self._buttons:
            button.setEnabled(allowed)

    def recolour(self) -> None:
        """The palette has changed: texts of items take their colour when they are made."""
        if self._view is not None:
            chosen = self.current_version
            self._fill(self._view)
            self.show_versions(self._view, chosen)

    def wanted_height(self) -> int:
        """With all rows, up to half a dozen."""
        return HEAD_PX + ROW_PX * min(max(self.rowCount(), 2), 6) + 2

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Leave out what there is no room for; all of it stands at the right, too."""
        width = self.viewport().width()
        narrow = width < NARROWER_PX
        questions = count(self._view.gate_questions) if self._view is not None else ""
        head = "Gate score" if narrow else f"Score on {questions} gate questions"
        self.horizontalHeaderItem(SCORE).setText(head)
        for label, gain, interval in self._intervals:
            label.setText(gain if narrow or not gain else f"{gain}\n{interval}")
        for columns, least in ((NARROW_HIDES, NARROW_PX), (NARROWER_HIDES, NARROWER_PX)):
            for column in columns:
                self.setColumnHidden(column, width < least)

    def _fill(self, view: VersionsView) -> None:
        self.blockSignals(True)
        self._numbers = [line.version.version for line in view.lines] + [BASE]
        self._buttons, self._intervals = [], []
        self.clearContents()
        self.setRowCount(len(self._numbers))
        for row, line in enumerate(view.lines):
            self._fill_line(row, line, view)
        self._fill_base(len(view.lines), view)
        for column in (STATE, ACTION):
            widths = [
                self.cellWidget(row, column).sizeHint().width()
                for row in range(self.rowCount())
                if self.cellWidget(row, column) is not None
            ]
            self.setColumnWidth(column, max(widths, default=0) + CELL_MARGINS_PX)
        self.blockSignals(False)
        self._fit()

    def _fill_line(self, row: int, line: VersionLine, view: VersionsView) -> None:
        version = line.version
        words, kind = STATE_CHIPS[line.state]
        self._put(row, STATE, Chip(words, kind))
        loss = "" if version.final_loss is None else f"{version.final_loss:.3f}"
        name = version_name(version.version)
        self._write(row, VERSION, name, f"{name}, {line.state}", strong=True)
        self._write(row, TRAINED, day(version.training_date), version.training_date)
        self._write(row, BASE_MODEL, base_short_name(version.base_model), version.base_model)
        self._write(row, PAIRS, count(version.num_examples), "", figure=True)
        self._write(row, LOSS, loss, "", figure=True)
        self._put_score(row, version.gate_accuracy, gain_text(line.report), interval_text(line.report))
        over = version_name(view.live)
        if line.state == "candidate":
            self._put_button(row, f"Deploy over {'base' if view.live is None else over}", "deploy", kind="primary")
        elif line.state == "archived":
            self._put_button(row, "Roll back", "rollback")
        elif line.state == "not judged":
            self._put_button(row, "Judge", "judge")
        elif line.state != "live":
            self._put_button(row, "Deploy…", "reason")

    def _fill_base(self, row: int, view: VersionsView) -> None:
        self._put(row, STATE, Chip("live", "good") if view.live is None and view.history else Chip("base"))
        self._write(row, VERSION, "Base", f"The bare base model {view.base}", strong=True)
        self._write(row, BASE_MODEL, base_short_name(view.base), view.base)
        self._put_score(row, view.base_accuracy, "", "")
        if view.live is not None:
            self._put_button(row, "Roll back", "rollback")

    def _write(self, row: int, column: int, text: str, tip: str, *, strong: bool = False, figure: bool = False) -> None:
        item = QTableWidgetItem(text)
        item.setToolTip(tip)
        if strong:
            font = self._theme.text_font()
            font.setBold(True)
            item.setFont(font)
        elif figure:
            item.setFont(self._theme.figure_font())
        else:
            item.setForeground(self._theme.colour("dim"))
        self.setItem(row, column, item)

    def _put(self, row: int, column: int, widget: QWidget) -> None:
        cell = QWidget()
        layout = QHBoxLayout(cell)
        layout.setContentsMargins(8, 0, 4, 0)
        layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setCellWidget(row, column, cell)

    def _put_score(self, row: int, share: float | None, gain: str, interval: str) -> None:
        cell = QWidget()
        layout = QHBoxLayout(cell)
        layout.setContentsMargins(8, 0, 8, 0)
        layout.setSpacing(10)
        if share is not None:
            bar = ThinBar(share, kind="good")
            bar.setMaximumWidth(120)
            bar.setMinimumWidth(24)
            layout.addWidget(bar, 1)
            layout.addWidget(Figure(f"{100 * share:.1f}%"))
            both = Figure(f"{gain}\n{interval}" if gain else "", kind="dim", px=11)
            both.setToolTip(f"Gain in points, with its 90% interval: {gain} ({interval})" if gain else "")
            layout.addWidget(both)
            self._intervals.append((both, gain, interval))
            layout.addStretch()
        self.setCellWidget(row, SCORE, cell)

    def _put_button(self, row: int, text: str, verb: str, kind: str = "") -> None:
        number = self._numbers[row]
        button = Button(text, f"versions.{verb}.{number}", kind=kind or "small")
        button.setProperty("verb", verb)
        button.setProperty("version", number)
        button.clicked.connect(self._on_button)
        self._buttons.append(button)
        self._put(row, ACTION, button)

    @Slot()
    def _on_selection(self) -> None:
        number = self.current_version
        if number is not None:
            self.selected.emit(number)

    @Slot()
    def _on_button(self) -> None:
        button = self.sender()
        number = int(button.property("version"))
        self.selectRow(self._numbers.index(number))
        self.wanted.emit(str(button.property("verb")), number)
