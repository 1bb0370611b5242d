"""The drafts pane over a real library, with the real practice engine and critic, or a writer that takes its time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QTextEdit, QWidget

from lorastudio.domain.draft import DraftState
from lorastudio.domain.endpoint import Endpoint, Role
from lorastudio.practice.questions import drafting_questions
from lorastudio.store.cycles import list_cycles
from lorastudio.store.drafts import list_drafts
from lorastudio.store.endpoints import add_endpoint
from lorastudio.store.library import Library
from lorastudio.store.questions import list_questions
from lorastudio.ui.panes.drafts import DraftsPane
from lorastudio.ui.panes.drafts.cycle_sheet import CycleSheet
from lorastudio.ui.panes.drafts.draft_view import DraftView
from lorastudio.ui.panes.drafts.question_rows import DONE, FAILED
from tests.servers import Reply, Request, Script, refusal, scripted
from tests.services.drafted import drafted_cycle
from tests.services.drafting.world import practice_writer
from tests.ui.bench import Bench, find

SLOW_S = 0.04


def questions(count: int) -> list[str]:
    """English questions of the practice world."""
    return [item.text for item in drafting_questions(5, 1, count * 4) if item.language == "en"][:count]


@contextmanager
def own_writer(home: Path, pause_s: float = 0.0, script: Script | None = None) -> Iterator[None]:
    """The practice critic judges what a server of ours writes, a word every `pause_s`, one call at a time."""
    with scripted(script or partial(practice_writer, pause_s=pause_s)) as server:
        with Library.open(home, write=True, verb="test") as library:
            add_endpoint(library, Endpoint("pen", Role.WRITER, server.url, "tiny", concurrency=1))
        yield


def old_cycle(home: Path, scores: dict[str, list[float | None]]) -> None:
    with Library.open(home, write=True, verb="test") as library:
        drafted_cycle(library, scores)


def ask(bench: Bench, pane: DraftsPane, texts: list[str]) -> None:
    """Start a cycle by keyboard."""
    pane.commands.add.trigger()
    bench.until(lambda: pane.form.cast is not None)
    field = find(pane, QPlainTextEdit, "drafts.form.text")
    field.setFocus()
    for text in texts:
        QTest.keyClicks(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)
    action = pane.run_action()
    assert action is pane.commands.start
    action.trigger()


def confirm(bench: Bench, pane: DraftsPane) -> None:
    """Start what the sheet offers, by keyboard."""
    QTest.keyClick(offered(bench, pane).go_button, Qt.Key.Key_Return)


def offered(bench: Bench, pane: DraftsPane) -> CycleSheet:
    """The sheet that asks whether to start."""
    bench.until(lambda: open_sheets(pane))
    return open_sheets(pane)[0]


def open_sheets(pane: DraftsPane) -> list[CycleSheet]:
    return [sheet for sheet in pane.findChildren(CycleSheet) if sheet.isVisible()]


def shown_text(pane: DraftsPane) -> str:
    return find(pane, QTextEdit, "drafts.text").toPlainText()


def test_an_empty_pane_says_what_comes_here_and_asks_for_it(tmp_path: Path) -> None:
    with Bench(tmp_path) as bench:
        pane = bench.show(DraftsPane)
        button = find(pane, QPushButton, "drafts.empty.add")
        QTest.keyClick(button, Qt.Key.Key_Space)
        field = find(pane, QPlainTextEdit, "drafts.form.text")
        assert field.isVisible()
        bench.until(lambda: pane.form.cast is not None)
        assert "This Mac writes, Practice critic judges." in pane.form.said.text()
        assert not pane.commands.start.isEnabled()
        QTest.keyClick(field, Qt.Key.Key_Escape)
        assert button.isVisible()


@pytest.mark.timeout(90)
def test_a_practice_cycle_is_drawn_watched_and_there_again_after_a_restart(tmp_path: Path) -> None:
    with Bench(tmp_path) as bench:
        pane = bench.show(DraftsPane)
        pane.commands.add.trigger()
        bench.until(lambda: pane.form.cast is not None)
        find(pane, QPushButton, "drafts.form.draw").click()
        bench.until(lambda: len(pane.form.questions()) == 16)
        pane.form.show_questions(pane.form.questions()[:3])
        assert pane.form.count.text() == "3 questions"
        pane.commands.start.trigger()
        confirm(bench, pane)
        bench.until(lambda: pane.commands.stop.isVisible() and pane.work.isVisible())
        seen: set[str] = set()
        bench.until(lambda: seen.add(shown_text(pane)) or pane.work.rows.count(DONE) == 3)
        assert len(seen) > 3
        assert bench.ended("cycle").state == "done"
        bench.until(lambda: pane.commands.add.isEnabled())
        assert pane.title_row.state.toolTip() == "Cycle 1, finished, 3 of 3 questions done"
    with Bench(tmp_path) as bench:
        pane = bench.show(DraftsPane)
        bench.until(lambda: shown_text(pane) != "" and pane.work.desk.tabs.buttons)
        row = pane.work.rows.rows[0]
        assert f"in {row.drafts} draft" in row.words()
        assert pane.work.desk.tabs.buttons[-1].isChecked()
        assert pane.work.desk.critic.score.isVisible()
        assert pane.work.desk.rules.text().startswith("It stopped because")
        assert int(pane.work.totals.calls.text()) >= 6
        assert pane.work.totals.tokens_out.text().replace(",", "").isdigit()


def test_a_cycle_is_stopped_kept_and_gone_on_with(tmp_path: Path) -> None:
    with own_writer(tmp_path, SLOW_S), Bench(tmp_path) as bench:
        pane = bench.show(DraftsPane)
        ask(bench, pane, questions(1))
        confirm(bench, pane)
        bench.until(lambda: len(shown_text(pane)) > 20)
        assert pane.work.desk.tabs.buttons[-1].tab.chip == "…"
        find(pane, QPushButton, "drafts.stop").click()
        assert pane.commands.stop.text() == "Stopping…"
        assert bench.ended("cycle").state == "stopped"
        bench.until(pane.commands.go_on.isVisible)
        assert "stopped while drafting" in pane.title_row.state.toolTip()
        assert not pane.commands.add.isEnabled()
        assert pane.run_action() is pane.commands.go_on
        pane.run_action().trigger()
        bench.until(pane.commands.stop.isEnabled)
        assert bench.ended("cycle").state == "done"
        bench.until(lambda: pane.work.rows.count(DONE) == 1 and pane.commands.add.isEnabled())


def test_a_cycle_is_left_after_asking_once(tmp_path: Path) -> None:
    old_cycle(tmp_path, {"What is light?": [0.4, 0.9]})
    with Bench(tmp_path) as bench:
        pane = bench.show(DraftsPane)
        bench.until(pane.commands.leave.isVisible)
        pane.commands.leave.trigger()
        assert pane.leave_button.text() == "Really leave it?"
        pane.commands.leave.trigger()
        bench.until(lambda: pane.commands.add.isEnabled())
        assert not pane.commands.go_on.isVisible()


def test_a_pane_built_in_the_middle_of_a_draft_shows_it_whole(tmp_path: Path) -> None:
    with own_writer(tmp_path, SLOW_S), Bench(tmp_path) as bench:
        first = bench.show(DraftsPane)
        ask(bench, first, questions(1))
        confirm(bench, first)
        bench.until(lambda: len(shown_text(first)) > 30)
        late = bench.show(DraftsPane)
        bench.until(lambda: shown_text(late))
        assert shown_text(first).startswith(shown_text(late)[:20])
        assert late.work.rows.rows[0].is_active
        assert late.commands.stop.isVisible()
        assert bench.ended("cycle").state == "done"
        bench.until(lambda: late.work.rows.count(DONE) == 1)
        first.deleteLater()


def test_the_text_on_the_desk_is_what_the_library_keeps(tmp_path: Path) -> None:
    with own_writer(tmp_path), Bench(tmp_path) as bench:
        pane = bench.show(DraftsPane)
        ask(bench, pane, questions(1))
        confirm(bench, pane)
        bench.until(lambda: pane.work.rows.count(DONE) == 1)
        bench.ended("cycle")
        with Library.open(tmp_path, write=False) as library:
            question = list_questions(library, list_cycles(library)[0].id)[0]
            kept = [item for item in list_drafts(library, question.id) if item.state is DraftState.FINISHED]
        bench.until(lambda: len(pane.work.desk.tabs.buttons) == len(kept) and shown_text(pane) == kept[-1].text)
        pane.work.desk.tabs.buttons[0].click()
        assert shown_text(pane) == kept[0].text
        assert len(kept) > 1 and pane.work.desk.critic.title.text() == "Critic on draft 1"
        assert pane.work.desk.view.text.extraSelections() != []


def test_a_question_that_fails_says_why_and_the_others_go_on(tmp_path: Path) -> None:
    bad, good = questions(2)

    def moody(request: Request) -> Reply:
        if bad in request.body["messages"][-1]["content"]:
            return refusal(400, "this question is beneath me")
        return practice_writer(request)

    with own_writer(tmp_path, script=moody), Bench(tmp_path) as bench:
        pane = bench.show(DraftsPane)
        ask(bench, pane, [bad, good])
        confirm(bench, pane)
        bench.until(lambda: (pane.work.rows.count(FAILED), pane.work.rows.count(DONE)) == (1, 1))
        bench.ended("cycle")
        pane.work.list.setCurrentIndex(pane.work.rows.index(0))
        bench.until(pane.work.desk.view.error.isVisible)
        assert "this question is beneath me" in pane.work.desk.view.error.text()
        assert pane.work.totals.done.text() == "1 of 2, 1 failed"


def test_the_practice_critic_refuses_other_questions_in_words_of_the_window(tmp_path: Path) -> None:
    with Bench(tmp_path) as bench:
        pane = bench.show(DraftsPane)
        ask(bench, pane, ["What is light?"])
        bench.until(pane.error_bar.isVisible)
        assert "only knows its own questions" in pane.error_bar.message.text()
        assert "Draw practice questions" in pane.error_bar.hint.text()
        assert pane.form.questions() == ["What is light?"]
        assert pane.commands.start.isEnabled()


def test_what_a_cycle_takes_is_told_and_chosen_before_anything_starts(tmp_path: Path) -> None:
    with own_writer(tmp_path), Bench(tmp_path) as bench:
        pane = bench.show(DraftsPane)
        ask(bench, pane, questions(1))
        sheet = offered(bench, pane)
        probably, most = (int(figures[0].text()) for figures in (sheet.probably, sheet.at_most))
        assert 0 < probably < most
        assert nameless(sheet) == []
        sheet.critiques.setValue(3)
        assert not sheet.go_button.isEnabled()
        bench.until(sheet.go_button.isEnabled)
        assert int(sheet.at_most[0].text()) > most
        sheet.tokens.setValue(500_000)
        bench.until(sheet.go_button.isEnabled)
        QTest.keyClick(sheet, Qt.Key.Key_Escape)
        assert pane.form.questions() == questions(1) and pane.commands.start.isEnabled()
        assert not open_sheets(pane) and not bench.backend.jobs

        pane.commands.start.trigger()
        again = offered(bench, pane)
        again.critiques.setValue(2)
        again.minutes.setValue(90)
        bench.until(again.go_button.isEnabled)
        confirm(bench, pane)
        bench.until(lambda: pane.work.rows.count(DONE) == 1)
        assert bench.ended("cycle").state == "done"
    with Library.open(tmp_path, write=False) as library:
        settings = list_cycles(library)[0].settings
    assert settings["critiques_per_draft"] == 2 and settings["budget_s"] == 5400 and "budget_tokens" not in settings


def test_the_last_cycle_comes_from_the_library_and_others_can_be_chosen(tmp_path: Path) -> None:
    old_cycle(tmp_path, {"What is light?": [0.4, None, 0.9], "What is heat?": [0.7]})
    old_cycle(tmp_path, {"What is sound?": [0.25]})
    with Bench(tmp_path) as bench:
        pane = bench.show(DraftsPane)
        bench.until(lambda: shown_text(pane).startswith("To What is sound?"))
        assert pane.chooser.currentText() == "Cycle 2"
        QTest.keyClick(pane.chooser, Qt.Key.Key_Down)
        bench.until(lambda: len(pane.work.rows.rows) == 2 and len(pane.work.desk.tabs.buttons) == 3)
        tabs = [(button.tab.chip, button.tab.kind) for button in pane.work.desk.tabs.buttons]
        assert tabs == [("4.0", "bad"), ("cut off", "warn"), ("9.0", "good")]
        assert pane.work.desk.chart.accessibleName() == "Score by draft. draft 1: 4.0, draft 3: 9.0"
        pane.work.list.setFocus()
        QTest.keyClick(pane.work.list, Qt.Key.Key_Down)
        bench.until(lambda: shown_text(pane).startswith("To What is heat?"))
        saved = pane.state()
        assert saved["question"] == pane.work.question_id
        assert nameless(pane) == []


def test_the_question_that_was_read_comes_back(tmp_path: Path) -> None:
    old_cycle(tmp_path, {"What is light?": [0.4], "What is heat?": [0.7]})
    with Bench(tmp_path) as bench:
        pane = bench.show(DraftsPane, saved={"question": 2, "columns": [210, 400, 260]})
        bench.until(lambda: shown_text(pane).startswith("To What is heat?"))


def test_only_the_new_tail_is_inserted(tmp_path: Path) -> None:
    with Bench(tmp_path) as bench:
        view = DraftView(bench.theme)
        changes: list[tuple[int, int, int]] = []
        view.text.document().contentsChange.connect(lambda *change: changes.append(change))
        for length in (5, 9, 12, 12):
            view.show_text("Light travels"[:length])
        assert changes == [(0, 0, 5), (5, 0, 4), (9, 0, 3)]
        view.show_text("Another")
        assert view.text.toPlainText() == "Another"
        view.deleteLater()


def test_a_dropped_file_of_questions_is_taken_while_the_form_asks(tmp_path: Path) -> None:
    file = tmp_path / "asked.txt"
    file.write_text("\n".join(questions(2)), encoding="utf-8")
    with own_writer(tmp_path / "home"), Bench(tmp_path / "home") as bench:
        pane = bench.show(DraftsPane)
        assert not pane.take_files([file])
        pane.commands.add.trigger()
        bench.until(lambda: pane.form.cast is not None)
        assert pane.take_files([file]) and not pane.take_files([tmp_path / "pairs.parquet"])
        assert pane.form.clear_button.text() == "asked.txt, leave it out"
        pane.commands.start.trigger()
        confirm(bench, pane)
        bench.until(lambda: pane.work.rows.count(DONE) == 2)
        bench.ended("cycle")


def nameless(pane: QWidget) -> list[tuple[str, str]]:
    """What can be reached by Tab and has no name for scripts or for screen readers."""
    return [
        (type(widget).__name__, widget.objectName())
        for widget in pane.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isVisible()
        and not widget.objectName().startswith("qt_")
        and not (widget.objectName() and widget.accessibleName())
    ]
