"""The gate's questions in the window: listed, added from a file, and refused where drafting has seen them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from lorastudio.store.cycles import create_cycle
from lorastudio.store.gate_questions import list_gate_questions
from lorastudio.store.library import Library
from lorastudio.store.questions import NewQuestion
from lorastudio.ui.gate_sheet import GateSheet
from lorastudio.ui.panes.versions import VersionsPane
from tests.ui.bench import Bench, find


def open_sheet(bench: Bench) -> GateSheet:
    pane = bench.show(VersionsPane)
    bench.until(lambda: pane.view is not None)
    assert pane.questions_action in pane.actions()
    pane.questions_action.trigger()
    sheet = find(pane.window(), GateSheet, "gate_sheet")
    bench.until(lambda: sheet.told.text())
    return sheet


def choose(sheet: GateSheet, path: Path) -> None:
    """Press the button and name `path` in its dialog."""
    sheet.add_button.click()
    dialog = sheet.findChildren(QFileDialog)[-1]
    dialog.fileSelected.emit(str(path))
    dialog.close()


def test_questions_are_added_from_lines_and_json_and_listed(tmp_path: Path) -> None:
    lines, records = tmp_path / "lines.txt", tmp_path / "records.jsonl"
    lines.write_text("What is kiln wash?\n\nHow hot is cone 6?\n", encoding="utf-8")
    records.write_text('{"question": "How hot is cone 6?"}\n{"question": "What is slip?"}\n', encoding="utf-8")
    with Bench(tmp_path / "home") as bench:
        sheet = open_sheet(bench)
        assert (sheet.told.text(), sheet.list.count()) == ("There are none yet.", 0)
        choose(sheet, lines)
        bench.until(lambda: sheet.told.text() == "2 added; 2 in all.")
        choose(sheet, records)
        bench.until(lambda: sheet.told.text() == "1 added; 3 in all.")
        texts = [sheet.list.item(row).text() for row in range(sheet.list.count())]
        assert texts == ["What is kiln wash?", "How hot is cone 6?", "What is slip?"]
        bench.until(lambda: bench.pane.view.gate_questions == 3)
        sheet.dismiss()
    with Library.open(tmp_path / "home", write=False) as library:
        assert [question.text for question in list_gate_questions(library)] == texts


def test_questions_that_were_drafted_on_and_missing_files_are_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "drafted.txt"
    file.write_text("What is slip?\n", encoding="utf-8")
    with Library.open(tmp_path / "home", write=True, verb="test") as library:
        create_cycle(
            library,
            seed=1,
            max_iterations=1,
            writer="writer",
            critic="critic",
            writer_version=None,
            settings={},
            questions=[NewQuestion("What is slip?", "slip", "en", {})],
        )
    with Bench(tmp_path / "home") as bench:
        sheet = open_sheet(bench)
        choose(sheet, file)
        bench.until(lambda: "were drafted on already" in sheet.told.text())
        choose(sheet, tmp_path / "missing.txt")
        bench.until(lambda: "missing.txt can't be read" in sheet.told.text())
        assert (sheet.add_button.isEnabled(), sheet.list.count()) == (True, 0)
        sheet.dismiss()
