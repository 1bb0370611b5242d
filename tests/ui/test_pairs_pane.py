"""The pairs pane over a real library: reviewing with the keyboard, searching, deciding in bulk, editing, undoing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import pytest
from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QPlainTextEdit, QPushButton, QWidget

from lorastudio.domain.changes import Changes
from lorastudio.domain.draft import CallPurpose, DraftState, Issue
from lorastudio.domain.messages import user
from lorastudio.domain.pair import Decider, Origin, Pair, PairState, Split
from lorastudio.domain.pair_filter import PairFilter
from lorastudio.store.calls import record_sent
from lorastudio.store.critiques import add_critique
from lorastudio.store.drafts import finish_draft, start_draft
from lorastudio.store.groups import assign_splits
from lorastudio.store.library import Library
from lorastudio.store.pairs import add_pairs, count_pairs, decide_pairs, get_original, get_pair, list_pairs
from lorastudio.ui.panes.pairs import PairsPane
from lorastudio.ui.panes.pairs.bulk_sheet import BulkSheet
from lorastudio.ui.panes.pairs.history_sheet import HistorySheet
from lorastudio.ui.panes.pairs.near_sheet import NearSheet
from tests.store.samples import first_question_id, new_pair
from tests.ui.bench import Bench, find

PAIRS = 2000
RARE = "quenched"

T = TypeVar("T")


def fill(home: Path, pairs: int = PAIRS) -> None:
    """Pairs whose gain and confidence fall with their ids; every hundredth has a rare word, two lack figures."""
    with Library.open(home, write=True, verb="test") as library:
        assign_splits(library, {"group": Split.TRAIN})
        known = [
            new_pair(
                f"number {index}{' ' + RARE if index % 100 == 0 else ''}",
                margin=0.9 - index / (2 * pairs),
                confidence=0.99 - (index + 0.5) / (2 * pairs),
                lint=("length bias",) if index == 1 else (),
            )
            for index in range(pairs - 2)
        ]
        add_pairs(library, [*known, new_pair("without figures"), new_pair("with one side", bad=None)])


def add_drafted_pair(library: Library) -> None:
    """One pair with its whole lineage: cycle, question, drafts, critiques."""
    question_id = first_question_id(library)
    drafts = []
    for iteration, (text, score) in enumerate([("A huge leap.", 0.4), ("A measured gain.", 0.9)], 1):
        call = record_sent(
            library, key=f"k{iteration}", question_id=question_id, iteration=iteration, purpose=CallPurpose.DRAFT,
            endpoint="local", request={},
        )  # fmt: skip
        draft = start_draft(library, question_id, iteration, call.id)
        drafts.append(finish_draft(library, draft.id, text=text, state=DraftState.FINISHED, reasoning=""))
        add_critique(
            library, draft_id=draft.id, call_ids=[call.id], score=score, spread=0.05, scores={}, abstained=False,
            issues=[Issue("plain", "It praises itself.")] if iteration == 1 else [],
        )  # fmt: skip
    bad, good = drafts
    assign_splits(library, {"group": Split.TRAIN})
    made = new_pair(
        "x", prompt=user("Why?"), good=good.text, bad=bad.text, margin=0.5, confidence=0.97, iteration=2, cycle_id=1,
        question_id=question_id, good_draft_id=good.id, bad_draft_id=bad.id,
    )  # fmt: skip
    add_pairs(library, [made])


def review(bench: Bench, **saved: object) -> PairsPane:
    """The pane with its list read and the first pair on the screen."""
    pane = bench.show(PairsPane, saved=dict(saved))
    bench.until(lambda: pane.list.model.rowCount() > 0 and pane._seen() is not None)
    pane.list.table.setFocus()
    return pane


def press(bench: Bench, pane: PairsPane, *keys: Qt.Key) -> None:
    """Press keys where the focus is, each once the pair it is meant for is on the screen."""
    for key in keys:
        bench.until(lambda: pane._seen() is not None)
        QTest.keyClick(QApplication.focusWidget() or pane, key)


class Answer(QObject):
    """Takes one answer of the backend."""

    def __init__(self) -> None:
        super().__init__()
        self.value: object = None
        self.came = False

    @Slot(object)
    def take(self, value: object) -> None:
        self.value, self.came = value, True


def ask(bench: Bench, request: Callable[..., T], *args: object) -> T:
    """What a request gives once everything asked for so far is written."""
    answer = Answer()
    bench.backend.ask(request, *args, answer=answer.take)
    bench.until(lambda: answer.came)
    return cast(T, answer.value)


def stored(bench: Bench, pair_id: int) -> Pair:
    """The pair as the library has it."""
    return ask(bench, get_pair, pair_id)


def test_an_empty_library_teaches_and_offers_the_practice_world(tmp_path: Path) -> None:
    with Bench(tmp_path / "home") as bench:
        pane = bench.show(PairsPane)
        bench.until(lambda: pane.empty.isVisible())
        wanted: list[str] = []
        pane.practice_wanted.connect(lambda: wanted.append("practice"))
        pane.import_wanted.connect(lambda: wanted.append("import"))
        find(pane, QPushButton, "pairs.empty.practice").click()
        find(pane, QPushButton, "pairs.import").click()
        assert wanted == ["practice", "import"]


def test_accept_reject_skip_and_undo_with_keys(tmp_path: Path) -> None:
    fill(tmp_path / "home")
    with Bench(tmp_path / "home") as bench:
        pane = review(bench)
        first, second, third, fourth = (pane.list.model.id_at(row) for row in range(4))
        press(bench, pane, Qt.Key.Key_A)
        assert pane.list.current_id() == second  # at once, before anything is written
        assert pane.title_row.state.toolTip() == "1,999 to review, 1 accepted, 0 rejected"
        press(bench, pane, Qt.Key.Key_R, Qt.Key.Key_S)
        assert pane.list.current_id() == fourth
        assert (stored(bench, first).state, stored(bench, first).decided_by) == (PairState.ACCEPTED, Decider.PERSON)
        assert stored(bench, second).state is PairState.REJECTED
        assert stored(bench, third).state is PairState.PENDING

        QTest.keySequence(pane.list.table, QKeySequence(QKeySequence.StandardKey.Undo))
        bench.until(lambda: pane.list.current_id() == second)
        find(pane, QPushButton, "pairs.undo").click()
        bench.until(lambda: pane.list.current_id() == first)
        assert pane.count_text() == "2,000 to review"
        find(pane, QPushButton, "pairs.undo").click()
        bench.until(lambda: pane.error_bar.isVisible())
        assert "nothing to undo" in pane.error_bar.message.text()


def test_a_key_that_is_held_down_decides_once(tmp_path: Path) -> None:
    fill(tmp_path / "home", 20)
    with Bench(tmp_path / "home") as bench:
        pane = review(bench)
        assert not pane.acts.accept.autoRepeat()
        assert not pane.acts.reject.autoRepeat()


def test_states_are_filtered_and_a_decision_can_be_changed_in_its_own_list(tmp_path: Path) -> None:
    fill(tmp_path / "home", 50)
    with Library.open(tmp_path / "home", write=True, verb="test") as library:
        decide_pairs(library, [1, 2, 3], PairState.ACCEPTED, Decider.PERSON, "accept")
    with Bench(tmp_path / "home") as bench:
        pane = review(bench)
        assert find(pane, QPushButton, "pairs.show.accepted").text() == "Accepted 3"
        find(pane, QPushButton, "pairs.show.accepted").click()
        bench.until(lambda: pane.list.model.rowCount() == 3)
        pane.list.table.setFocus()
        press(bench, pane, Qt.Key.Key_R)
        assert pane.list.model.rowCount() == 2
        find(pane, QPushButton, "pairs.show.all").click()
        bench.until(lambda: pane.list.model.rowCount() == 50)
        assert stored(bench, 1).state is PairState.REJECTED


def test_the_list_is_sorted_by_gain_confidence_or_arrival(tmp_path: Path) -> None:
    fill(tmp_path / "home", 20)
    with Library.open(tmp_path / "home", write=True, verb="test") as library:
        add_pairs(library, [new_pair("late and sure", margin=0.1, confidence=0.999)])
    with Bench(tmp_path / "home") as bench:
        pane = review(bench)
        assert list(pane.list.model._ids)[-3:] == [21, 19, 20]
        pane.list.order.setCurrentIndex(1)
        bench.until(lambda: pane.list.model.id_at(0) == 21)
        pane.list.order.setCurrentIndex(2)
        bench.until(lambda: list(pane.list.model._ids) == list(range(1, 22)))


def test_search_is_typed_and_left_with_the_keyboard(tmp_path: Path) -> None:
    fill(tmp_path / "home")
    with Bench(tmp_path / "home") as bench:
        pane = review(bench)
        pane.find()
        QTest.keyClicks(pane.list.search, "quen")  # with letters that are keys elsewhere
        bench.until(lambda: pane.list.model.rowCount() == PAIRS // 100)
        assert pane._counts[PairState.PENDING] == PAIRS
        QTest.keyClick(pane.list.search, Qt.Key.Key_Down)
        assert pane.list.table.hasFocus()
        pane.find()
        QTest.keyClicks(pane.list.search, "xyz")
        bench.until(lambda: pane.nothing.not_found.isVisible())
        assert not pane.acts.accept.isEnabled()
        find(pane, QPushButton, "pairs.clear_search").click()
        bench.until(lambda: pane.list.model.rowCount() == PAIRS)


def test_rows_are_read_a_page_at_a_time(tmp_path: Path) -> None:
    fill(tmp_path / "home")
    with Bench(tmp_path / "home") as bench:
        pane = review(bench)
        model = pane.list.model
        bench.until(lambda: bool(model._held))
        assert len(model._held) <= 200
        pane.list.table.scrollToBottom()
        last = model.index(PAIRS - 1, 0)
        bench.until(lambda: last.data() == "Ask with one side")
        assert len(model._held) <= 400


def test_a_pair_shows_its_lineage_its_difference_and_the_critic(tmp_path: Path) -> None:
    with Library.open(tmp_path / "home", write=True, verb="test") as library:
        add_drafted_pair(library)
    with Bench(tmp_path / "home") as bench:
        pane = review(bench)
        detail = pane.detail
        assert detail.header.facts.text() == "Score 4.0 to 9.0   Gain +5.0   Confidence 0.97 by critic and checks"
        assert detail.header.lineage.text() == "Cycle 1, question 1, draft 1 to 2 of 2"
        assert detail.header.chips.texts() == ["To review", "writer local", "critic critic"]
        assert detail.verdict.words.text() == "Draft 1: It praises itself. Draft 2: no faults found."
        assert (detail.bad.line.text(), detail.good.line.text()) == ("draft 1, 3 words", "draft 2, 3 words")
        assert detail.bad.text.toPlainText() == "A huge leap."
        press(bench, pane, Qt.Key.Key_Space)
        assert detail.inline.isVisible()
        assert detail.inline.toPlainText() == "A huge leap measured gain."
        press(bench, pane, Qt.Key.Key_Space)
        assert detail.good.text.isVisible()


def test_lint_and_a_missing_side_are_named(tmp_path: Path) -> None:
    fill(tmp_path / "home", 20)
    with Bench(tmp_path / "home") as bench:
        pane = review(bench)
        pane.list.look_at(1)
        bench.until(lambda: pane._seen() is not None)
        assert "length bias" in pane.detail.header.chips.texts()
        pane.list.look_at(19)
        bench.until(lambda: pane._seen() is not None)
        assert pane.detail.bad.text.toPlainText() == "This pair has no bad answer."


def test_an_edit_keeps_the_original_and_is_undone(tmp_path: Path) -> None:
    fill(tmp_path / "home", 20)
    with Bench(tmp_path / "home") as bench:
        pane = review(bench)
        press(bench, pane, Qt.Key.Key_E)
        field = find(pane, QPlainTextEdit, "pairs.edit.good")
        assert field.hasFocus()
        field.selectAll()
        QTest.keyClicks(field, "a rare answer")
        QTest.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        bench.until(lambda: not pane.detail.is_editing)
        bench.until(lambda: "Edited, the original is kept" in pane.detail.header.lineage.text())
        assert pane.detail.good.text.toPlainText() == "a rare answer"
        assert (stored(bench, 1).good, stored(bench, 1).origin) == ("a rare answer", Origin.EDITED)
        assert ask(bench, get_original, 1).good == f"good number 0 {RARE}"
        QTest.keySequence(pane.list.table, QKeySequence(QKeySequence.StandardKey.Undo))
        bench.until(lambda: pane.detail.good.text.toPlainText() == f"good number 0 {RARE}")


def test_an_edit_that_makes_no_sense_is_refused_and_stays_open(tmp_path: Path) -> None:
    fill(tmp_path / "home", 20)
    with Bench(tmp_path / "home") as bench:
        pane = review(bench)
        press(bench, pane, Qt.Key.Key_E)
        field = find(pane, QPlainTextEdit, "pairs.edit.good")
        field.selectAll()
        QTest.keyClick(field, Qt.Key.Key_Delete)
        find(pane, QPushButton, "pairs.save").click()
        bench.until(lambda: pane.error_bar.isVisible())
        assert pane.error_bar.message.text() == "A text of a pair can't be empty."
        assert pane.detail.is_editing
        QTest.keyClick(field, Qt.Key.Key_Escape)
        assert not pane.detail.is_editing
        assert pane.list.table.hasFocus()


def open_bulk(bench: Bench, pane: PairsPane, name: str) -> BulkSheet:
    find(pane, QPushButton, name).click()
    sheet = pane.window().findChild(BulkSheet)
    assert sheet is not None
    bench.until(lambda: sheet.go.isEnabled())
    return sheet


def test_bulk_shows_its_count_first_and_is_one_undo_step(tmp_path: Path) -> None:
    fill(tmp_path / "home")
    with Bench(tmp_path / "home") as bench:
        pane = review(bench)
        sheet = open_bulk(bench, pane, "pairs.accept_many")
        assert sheet.line.text() == "2,000 pairs will be accepted."
        find(sheet, QCheckBox, "pairs.bulk.sure").click()
        bench.until(lambda: sheet.line.text() == "760 pairs will be accepted.")
        sheet.go.click()
        bench.until(lambda: pane.list.model.rowCount() == PAIRS - 760)
        assert ask(bench, count_pairs)[PairState.ACCEPTED] == 760
        assert stored(bench, 1).decided_by is Decider.RULE
        find(pane, QPushButton, "pairs.undo").click()
        bench.until(lambda: pane.list.model.rowCount() == PAIRS)


def test_bulk_keeps_to_the_search(tmp_path: Path) -> None:
    fill(tmp_path / "home")
    with Bench(tmp_path / "home") as bench:
        pane = review(bench)
        pane.list.search.setText(RARE)
        bench.until(lambda: pane.list.model.rowCount() == 20)
        sheet = open_bulk(bench, pane, "pairs.reject_many")
        assert sheet.go.text() == "Reject 20"
        sheet.go.click()
        bench.until(lambda: pane.list.model.rowCount() == 0)
        rejected = ask(bench, list_pairs_rejected)
        assert {pair.decided_by for pair in rejected} == {Decider.BULK}
        assert len(rejected) == 20


def nameless(sheet: QWidget) -> list[str]:
    """What can be reached by Tab and has no name."""
    children = [child for child in sheet.findChildren(QWidget) if child.focusPolicy() & Qt.FocusPolicy.TabFocus]
    shown = [child for child in children if child.isVisible() and not child.objectName().startswith("qt_")]
    return [child.objectName() for child in shown if not (child.objectName() and child.accessibleName())]


def list_pairs_rejected(library: Library) -> list[Pair]:
    return list_pairs(library, PairFilter(states=(PairState.REJECTED,)))


def test_a_pair_is_swapped_split_and_looked_back_at(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    with Bench(tmp_path) as bench:
        pane = review(bench)
        pair_id = pane.list.current_id()
        before = stored(bench, pair_id)
        pane.tools.swap.trigger()
        bench.until(lambda: pane.detail.sheet is not None and pane.detail.sheet.pair.good == before.bad)
        pane.tools.history.trigger()
        bench.until(lambda: pane.findChild(HistorySheet) is not None)
        sheet = pane.findChild(HistorySheet)
        assert [line[1:] for line in sheet.lines[1:]] == [("person", f"swap of pair {pair_id}", "")]
        assert nameless(sheet) == [] and sheet.panel.rect().contains(sheet.close_button.geometry())
        QTest.keyClick(sheet.close_button, Qt.Key.Key_Return)
        pane.tools.split.trigger()
        bench.until(lambda: pane.list.model.row_of(pair_id) < 0 and pane.list.model.rowCount() == 4)


def test_a_decision_reaches_near_duplicates_after_their_count(tmp_path: Path) -> None:
    words = "the copper was annealed at 650 kelvin for two hours and cooled slowly in argon before it was measured"
    with Library.open(tmp_path, write=True, verb="test") as library:
        assign_splits(library, {"group": Split.TRAIN})
        add_pairs(
            library,
            [new_pair("What was done?", good=f"{words}{end}", bad="no") for end in (".", " again.", " once more.")],
        )
    with Bench(tmp_path) as bench:
        pane = review(bench)
        pane.tools.near.trigger()
        bench.until(pane.error_bar.isVisible)
        assert "not looked for yet" in pane.error_bar.message.text()
        assert pane.error_bar.hint.text() == "Choose “Find near-duplicates” under More."
        pane.tools.look.trigger()
        assert bench.ended("look").state == "done"
        pane.tools.near.trigger()
        bench.until(lambda: pane.findChild(NearSheet) is not None)
        sheet = pane.findChild(NearSheet)
        assert sheet.line.text() == "2 near-duplicates, 2 of them open to this decision."
        assert sheet.accept_button.text() == "Accept 3 pairs" and nameless(sheet) == []
        sheet.accept_button.click()
        bench.until(lambda: pane.list.model.rowCount() == 0)
    with Library.open(tmp_path, write=False) as library:
        assert count_pairs(library)[PairState.ACCEPTED] == 3


def test_what_others_add_appears_and_the_place_is_kept(tmp_path: Path) -> None:
    fill(tmp_path / "home", 50)
    with Bench(tmp_path / "home") as bench:
        pane = review(bench)
        pane.list.look_at(7)
        here = pane.list.current_id()
        ask(bench, add_three)
        bench.backend.changed.emit(Changes())
        bench.until(lambda: pane.list.model.rowCount() == 53)
        assert pane.list.current_id() == here
        assert pane.list.current_row() == 10


def add_three(library: Library) -> None:
    add_pairs(library, [new_pair(f"new {index}", margin=0.95) for index in range(3)])


def test_the_last_pair_leaves_a_word_of_what_comes_next(tmp_path: Path) -> None:
    fill(tmp_path / "home", 3)
    with Bench(tmp_path / "home") as bench:
        pane = review(bench)
        press(bench, pane, *[Qt.Key.Key_A] * 3)
        assert pane.nothing.reviewed.isVisible()
        gone_to: list[str] = []
        pane.go_to.connect(gone_to.append)
        find(pane, QPushButton, "pairs.go_to_training").click()
        assert gone_to == ["training"]
        assert ask(bench, count_pairs)[PairState.ACCEPTED] == 3


def test_filter_view_and_pair_come_back_after_a_restart(tmp_path: Path) -> None:
    fill(tmp_path / "home", 50)
    with Bench(tmp_path / "home") as bench:
        pane = review(bench)
        find(pane, QPushButton, "pairs.show.all").click()
        pane.list.order.setCurrentIndex(2)
        bench.until(lambda: pane.list.model.id_at(0) == 1)
        pane.list.look_at(30)
        find(pane, QPushButton, "pairs.view.inline").click()
        saved = pane.state()
    with Bench(tmp_path / "home") as bench:
        pane = review(bench, **saved)
        assert pane.list.current_id() == 31
        assert pane.state() | {"sizes": []} == saved | {"sizes": []}


def test_every_control_has_a_name_for_screen_readers(tmp_path: Path) -> None:
    fill(tmp_path / "home", 5)
    with Bench(tmp_path / "home") as bench:
        pane = review(bench)
        controls = [item for item in pane.findChildren(QWidget) if item.objectName().startswith("pairs.")]
        assert len(controls) > 20
        assert [item.objectName() for item in controls if not item.accessibleName() and item.isVisible()] == []
        index = pane.list.model.index(1, 0)
        bench.until(lambda: index.data(int(Qt.ItemDataRole.AccessibleTextRole)).startswith("Ask number 1, To review"))


@pytest.mark.bench
def test_a_hundred_thousand_pairs(tmp_path: Path) -> None:
    """Prints how long the window's thread is held by scrolling, choosing and deciding."""
    with Library.open(tmp_path / "home", write=True, verb="test") as library:
        assign_splits(library, {"group": Split.TRAIN})
        for begin in range(0, 120_000, 10_000):
            add_pairs(library, [new_pair(str(index), margin=index / 1e6) for index in range(begin, begin + 10_000)])
    with Bench(tmp_path / "home") as bench:
        pane = review(bench)
        bar = pane.list.table.verticalScrollBar()
        steps = {
            "scroll": lambda step: bar.setValue(bar.maximum() * step // 50),
            "choose": lambda step: pane.list.look_at(step * 2000),
            "accept": lambda _step: pane.acts.accept.trigger(),
            "filter": lambda step: find(pane, QPushButton, f"pairs.show.{['all', 'pending'][step % 2]}").click(),
        }
        for name, act in steps.items():
            held = []
            for step in range(50):
                begin = time.perf_counter()
                act(step)
                QApplication.processEvents()
                held.append(1000 * (time.perf_counter() - begin))
                bench.until(lambda: pane._seen() is not None)
            sys.stdout.write(f"\n{name}: median {sorted(held)[25]:.1f} ms, longest {max(held):.1f} ms")
