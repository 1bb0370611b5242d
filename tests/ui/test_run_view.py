"""What is to be seen of a run: chosen charts, sampled answers, the report on its data, and how it died."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QTabBar

from lorastudio.bridge.requests import runs as requests
from lorastudio.domain.training_events import DataReported, Evaluated, StepDone
from lorastudio.services.practice import practice_recipe
from lorastudio.store.library import Library
from lorastudio.store.runs import add_run_event, get_run, update_run
from lorastudio.ui.panes.training import TrainingPane
from lorastudio.ui.widgets.labels import Text
from tests.ui.bench import Bench, find
from tests.ui.test_training_pane import accept_pairs, add_old_run, read

TOKENS = {"count": 7, "min": 3, "median": 12, "p95": 30, "max": 31, "total": 1400}
NOTHING = {"rows": 0, "prompt": None, "good": None, "bad": None, "left_out": []}
DATA = {
    "type": "data",
    "max_length": 32,
    "thinking": {"enabled": False, "closing": ""},
    "languages": {"train": {"en": 5, "pt": 2}},
    "not_frozen": [{"reason": "a duplicate", "ids": [4]}],
    "files": {
        "train": {
            "rows": 7,
            "prompt": TOKENS,
            "good": TOKENS,
            "bad": None,
            "left_out": [{"reason": "longer than 32 tokens", "ids": list(range(100, 120))}],
        },
        "development": NOTHING | {"left_out": [{"reason": "longer than 32 tokens", "ids": [9]}]},
        "heldout": NOTHING,
    },
}
SAMPLES = (
    {"id": 1, "prompt": "Why?", "answer": "Because.", "finish_reason": "stop", "quality": 0.9},
    {"id": 2, "prompt": "How?", "answer": "", "finish_reason": "length", "quality": None},
)


def add_run_with_data(home: Path) -> int:
    run_id = add_old_run(home)
    with Library.open(home, write=True, verb="test") as library:
        add_run_event(library, run_id, DATA)
    return run_id


def ready(bench: Bench) -> TrainingPane:
    pane = read(bench)
    bench.until(lambda: pane.curves.complete and pane.curves.curves.last_step == 5)
    return pane


def words_in(widget) -> list[str]:
    return [label.text() for label in widget.findChildren(Text) if label.isVisible()]


def test_each_small_chart_shows_what_is_chosen_and_does_so_after_a_restart(tmp_path: Path) -> None:
    add_old_run(tmp_path / "home")
    with Bench(tmp_path / "home") as bench:
        pane = ready(bench)
        choice = find(pane, QComboBox, "training.chart.1.choice")
        choice.setFocus()
        QTest.keyClick(choice, Qt.Key.Key_Down)
        assert pane.curves.chosen() == ["margin", "speed", "memory"]
        pane.run_view.take([StepDone(1, 6, 9, 0.4, None, {"step": 6, "steps": 9, "loss": 0.4, "margin": 1.5})])
        chart = pane.curves.small[0].chart
        bench.until(lambda: chart.drawn("train") == ([6], [1.5]))
        assert (chart.accessibleName(), chart.accessibleDescription()) == ("Lead of the good draft", "Step 6 of 9: 1.5")
        saved = pane.state()
    with Bench(tmp_path / "home") as bench:
        pane = bench.show(TrainingPane, saved=saved)
        bench.until(lambda: pane.curves.complete)
        assert pane.curves.chosen() == ["margin", "speed", "memory"]


def test_the_data_report_lists_every_row_that_is_left_out_with_its_reason(tmp_path: Path) -> None:
    add_run_with_data(tmp_path / "home")
    with Bench(tmp_path / "home") as bench:
        pane = ready(bench)
        tabs = find(pane, QTabBar, "training.tabs")
        tabs.setFocus()
        for _ in range(2):
            QTest.keyClick(tabs, Qt.Key.Key_Right)
        words = words_in(pane.run_view.data)
        assert "Learnt from (5 en, 2 pt)" in words
        assert "3–31" in words
        assert {"22 rows", "1 row: a duplicate", "21 rows: longer than 32 tokens"} <= set(words)
        assert any(text.startswith("Pairs 100, 101") and text.endswith("and 9 more") for text in words)
        assert "22 rows left out, not cut" in pane.run_card.left_out.text()


def test_a_report_that_comes_while_the_run_is_watched_is_shown(tmp_path: Path) -> None:
    run_id = add_old_run(tmp_path / "home")
    with Bench(tmp_path / "home") as bench:
        pane = ready(bench)
        pane.run_view.tabs.setCurrentIndex(2)
        assert pane.run_view.data.empty.isVisible()
        pane.run_view.take([DataReported(run_id, DATA)])
        assert not pane.run_view.data.empty.isVisible()


def test_the_answers_of_the_last_evaluation_are_shown(tmp_path: Path) -> None:
    run_id = add_old_run(tmp_path / "home")
    with Bench(tmp_path / "home") as bench:
        pane = ready(bench)
        pane.run_view.tabs.setCurrentIndex(1)
        assert pane.run_view.samples.empty.isVisible()
        pane.run_view.take([Evaluated(run_id, 6, 0.5, 0.8, quality=0.9, samples=SAMPLES)])
        bench.until(lambda: "Because." in words_in(pane.run_view.samples))
        words = words_in(pane.run_view.samples)
        assert "2 answers at step 6, mean quality 90%" in words
        assert {"quality 90%", "(an empty answer)", "cut", "not scored"} <= set(words)


@pytest.mark.timeout(200)
def test_a_run_that_began_before_the_pane_was_opened_is_followed(tmp_path: Path) -> None:
    accept_pairs(tmp_path / "home", 16)
    recipe = practice_recipe(0).as_record() | {"epochs": 500, "samples": 0}
    with Bench(tmp_path / "home") as bench:
        job = bench.backend.start("training", "Training", requests.train, recipe, "practice", False)
        bench.until(lambda: job.progress is not None and job.progress.done > 1 and "step" in job.telling.step)
        pane = read(bench)
        assert not pane.commands.train.isVisible() and not pane.commands.resume.isVisible()
        bench.until(lambda: pane.follower.live_run and pane.curves.curves.last_step > 2)
        bench.until(lambda: pane.curves.curves.loss.raw().x[0] == 1)  # what came before is read beside what comes
        steps = pane.curves.curves.loss.raw().x
        assert steps == list(range(1, len(steps) + 1)), "none is missing and none is there twice"
        pane.commands.pause.trigger()
        assert bench.ended("training").state == "stopped"


def test_a_run_that_died_of_its_size_can_go_on_in_smaller_pieces(tmp_path: Path) -> None:
    run_id = add_old_run(tmp_path / "home")
    with Library.open(tmp_path / "home", write=True, verb="test") as library:
        add_run_event(library, run_id, {"type": "failure", "kind": "killed"})
        update_run(library, run_id, error="The system killed the worker process.")
    with Bench(tmp_path / "home") as bench:
        pane = ready(bench)
        assert pane.safer_bar.isVisible() and "killed the worker" in pane.safer_bar.message.text()
        assert pane.commands.safer.isEnabled()
        QTest.keyClick(pane.safer_bar.button, Qt.Key.Key_Space)
        assert bench.ended("training").state == "failed"  # its rows were never there
    with Library.open(tmp_path / "home", write=False) as library:
        assert get_run(library, run_id).config["lean"]
