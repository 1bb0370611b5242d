"""The training pane over a real library, with a real run of the practice model."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton, QSpinBox, QWidget

from lorastudio.datasets.split import split_of
from lorastudio.domain.messages import user
from lorastudio.domain.pair import Decider, NewPair, Origin, PairState
from lorastudio.domain.run import RunState
from lorastudio.store.groups import assign_splits
from lorastudio.store.library import Library
from lorastudio.store.pairs import add_pairs
from lorastudio.store.runs import add_run_event, create_run, get_run, list_run_events, update_run
from lorastudio.store.versions import list_versions
from lorastudio.ui.panes.training import TrainingPane
from tests.services.practice_versions import practice_rows
from tests.ui.bench import Bench, find


def accept_pairs(home: Path, count: int) -> None:
    with Library.open(home, write=True, verb="test") as library:
        pairs = [
            NewPair(
                prompt=user(row["prompt"][0]["content"]),
                good=row["good"],
                bad=row["bad"],
                group=f"group {row['id']}",
                origin=Origin.IMPORTED,
            )
            for row in practice_rows(count)
        ]
        assign_splits(library, {pair.group: split_of(pair.group) for pair in pairs})
        add_pairs(library, pairs, state=PairState.ACCEPTED, decided_by=Decider.PERSON)


def add_old_run(home: Path, state: RunState = RunState.INTERRUPTED) -> int:
    """A run of long ago with curves: five steps, the third not finite."""
    with Library.open(home, write=True, verb="test") as library:
        run = create_run(library, config={"objective": "dpo"}, base_model="practice", num_examples=7)
        for step, loss in enumerate((0.9, 0.8, None, 0.6, 0.5), 1):
            add_run_event(library, run.id, {"type": "step", "step": step, "steps": 9, "loss": loss})
        add_run_event(library, run.id, {"type": "eval", "step": 4, "loss": 0.7, "accuracy": 0.75})
        left_out = [{"id": 3, "reason": "longer than 256 tokens"}]
        update_run(library, run.id, state=state, result={"left_out": left_out})
        return run.id


def read(bench: Bench) -> TrainingPane:
    pane = bench.show(TrainingPane)
    bench.until(lambda: pane.view is not None)
    return pane


def test_what_keeps_training_off_is_named(tmp_path: Path) -> None:
    with Bench(tmp_path / "home") as bench:
        pane = read(bench)
        assert not pane.commands.train.isEnabled()
        assert "accept some pairs first" in pane.readiness.off.text()
        assert pane.empty.isVisible()
        gone_to: list[str] = []
        pane.go_to.connect(gone_to.append)
        pane.readiness.pairs_button.click()
        assert gone_to == ["pairs"]


def test_the_recipe_starts_from_the_measured_one_and_says_what_is_wrong(tmp_path: Path) -> None:
    accept_pairs(tmp_path / "home", 8)
    with Bench(tmp_path / "home") as bench:
        pane = read(bench)
        rate = find(pane, QLineEdit, "training.learning_rate")
        assert (rate.text(), pane.recipe.record()["replay_per_step"]) == ("0.003", 8)
        assert pane.commands.train.isEnabled()
        rate.setText("fast")
        assert not pane.commands.train.isEnabled()
        assert "learning rate" in pane.readiness.off.text()
        rate.setText("")
        find(pane, QSpinBox, "training.epochs").setValue(1)
        assert pane.commands.train.isEnabled()
        assert pane.state()["recipe"] == {"epochs": 1, "learning_rate": None}
        assert not find(pane, QSpinBox, "training.layers").isVisible()
        find(pane, QPushButton, "training.more").click()
        assert find(pane, QSpinBox, "training.layers").isVisible()
        find(pane, QPushButton, "training.usual").click()
        assert pane.state()["recipe"] == {}


def test_a_changed_recipe_and_the_scale_come_back_after_a_restart(tmp_path: Path) -> None:
    with Bench(tmp_path / "home") as bench:
        pane = bench.show(TrainingPane, saved={"recipe": {"rank": 4, "unheard_of": 1}, "log": True})
        bench.until(lambda: pane.view is not None)
        assert pane.recipe.record()["rank"] == 4
        assert pane.curves.log_button.isChecked()


def test_an_old_run_shows_its_curves_and_what_was_left_out(tmp_path: Path) -> None:
    old, failed = add_old_run(tmp_path / "home"), add_old_run(tmp_path / "home", RunState.FAILED)
    with Bench(tmp_path / "home") as bench:
        pane = read(bench)
        bench.until(lambda: pane.curves.curves.last_step == 5 and pane.curves.complete)
        assert (pane.shown_run, pane.commands.resume.isEnabled()) == (old, True)
        assert pane.curves.gap_chip.text() == "× 1 not finite, skipped"
        assert pane.curves.development_chip.text() == "development 0.700"
        assert "1: longer than 256 tokens" in pane.run_card.left_out.text()
        button = find(pane, QPushButton, f"training.run.{failed}")
        button.setFocus()
        QTest.keyClick(button, Qt.Key.Key_Space)
        bench.until(lambda: pane.run_card.title.text() == f"Run {failed}")
        assert not pane.commands.resume.isEnabled()


def test_the_charts_follow_the_theme_and_the_scale(tmp_path: Path) -> None:
    add_old_run(tmp_path / "home")
    with Bench(tmp_path / "home") as bench:
        pane = read(bench)
        bench.until(lambda: pane.curves.complete and pane.curves.curves.last_step == 5)
        chart = pane.curves.loss.chart
        light = chart.backgroundBrush().color()
        bench.theme.set_mode("dark")
        assert chart.backgroundBrush().color() == bench.theme.colour("card") != light
        xs, ys = chart.drawn("train")
        assert (xs, ys[0]) == ([1, 2, 4, 5], 0.9)
        pane.curves.log_button.click()
        assert chart.is_log
        assert "train" in chart.accessibleDescription()


def test_discarding_asks_first_and_keeps_the_curves(tmp_path: Path) -> None:
    old = add_old_run(tmp_path / "home")
    with Bench(tmp_path / "home") as bench:
        pane = read(bench)
        bench.until(pane.commands.discard.isEnabled)
        pane.commands.discard.trigger()
        assert pane.discard_bar.isVisible()
        QTest.keyClick(pane.discard_bar.button, Qt.Key.Key_Space)
        bench.until(lambda: pane.view is not None and not pane.view.resumable)
        assert not pane.commands.resume.isEnabled()
    with Library.open(tmp_path / "home", write=False) as library:
        assert get_run(library, old).state is RunState.DISCARDED
        assert len(list_run_events(library, old)) == 6


def test_every_control_has_a_name(tmp_path: Path) -> None:
    add_old_run(tmp_path / "home")
    with Bench(tmp_path / "home") as bench:
        pane = read(bench)
        bench.until(lambda: pane.curves.complete)
        nameless = [
            (type(widget).__name__, widget.objectName(), type(widget.parent()).__name__)
            for widget in pane.findChildren(QWidget)
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            and widget.isVisible()
            and not (widget.objectName() and widget.accessibleName())
            and not widget.objectName().startswith("qt_")
        ]
        assert nameless == []


@pytest.mark.timeout(400)
def test_a_run_is_watched_stopped_resumed_and_becomes_a_version(tmp_path: Path) -> None:
    accept_pairs(tmp_path / "home", 32)
    with Bench(tmp_path / "home") as bench:
        pane = read(bench)
        find(pane, QSpinBox, "training.epochs").setValue(2)
        pane.commands.train.trigger()
        assert not pane.commands.train.isEnabled()
        bench.until(lambda: pane.curves.curves.last_step >= 2 and pane.curves.loss.chart is not None)
        bench.until(lambda: pane.curves.loss.chart.drawn("train")[0])
        assert pane.run_view.progress_words.text().startswith("Step ")
        pane.commands.pause.trigger()
        assert not pane.commands.pause.isEnabled()
        assert not pane.commands.keep.isEnabled()
        assert bench.ended("training").state == "stopped"
        bench.until(pane.commands.resume.isEnabled)
        stopped_at = pane.curves.curves.last_step
        pane.commands.resume.trigger()
        assert bench.ended("training").state == "done"
        bench.until(lambda: pane.run_card.chip.text() == "v1")
        curves = pane.curves.curves
        assert stopped_at < curves.last_step == curves.steps
        assert curves.loss.raw().x == list(range(1, curves.steps + 1))
        assert curves.preference.smoothed is not None
        assert curves.memory_mb.smoothed is not None
        assert None not in (curves.margin.smoothed, curves.gradient_norm.smoothed, curves.learning_rate.smoothed)
        assert pane.run_view.samples.words.text().startswith(f"3 answers at step {curves.steps}")
        assert pane.memory.chip.text() == "fits"
        facts = {name.text(): figure.text() for name, figure in pane.run_card._lines}
        assert facts["Computed"] == "packed"
    with Library.open(tmp_path / "home", write=False) as library:
        assert [version.version for version in list_versions(library)] == [1]


@pytest.mark.timeout(400)
def test_a_run_that_is_stopped_and_kept_becomes_a_version(tmp_path: Path) -> None:
    accept_pairs(tmp_path / "home", 32)
    with Bench(tmp_path / "home") as bench:
        pane = read(bench)
        find(pane, QSpinBox, "training.epochs").setValue(500)
        pane.commands.train.trigger()
        assert not pane.commands.keep.isEnabled()  # nothing is learnt yet
        bench.until(pane.commands.keep.isEnabled)
        pane.commands.keep.trigger()
        assert not pane.commands.keep.isEnabled()
        assert pane.run_view.progress_words.text().startswith("Ending here")
        assert bench.ended("training").state == "done"
        bench.until(lambda: pane.run_card.chip.text() == "v1")
        assert 0 < pane.curves.curves.last_step < pane.curves.curves.steps


@pytest.mark.timeout(400)
def test_a_paused_run_can_be_kept_as_it_is(tmp_path: Path) -> None:
    accept_pairs(tmp_path / "home", 32)
    with Bench(tmp_path / "home") as bench:
        pane = read(bench)
        find(pane, QSpinBox, "training.epochs").setValue(500)
        pane.commands.train.trigger()
        bench.until(pane.commands.keep.isEnabled)
        pane.commands.pause.trigger()
        assert bench.ended("training").state == "stopped"
        bench.until(pane.commands.keep.isEnabled)
        pane.commands.keep.trigger()
        assert bench.ended("training").state == "done"
        bench.until(lambda: pane.run_card.chip.text() == "v1")
