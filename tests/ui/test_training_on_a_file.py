"""Training on a file from the window: the pairs of the library are neither needed nor touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QLineEdit, QSpinBox

from lorastudio.domain.pair import PairState
from lorastudio.store.library import Library
from lorastudio.store.pairs import count_pairs
from lorastudio.store.runs import list_runs
from lorastudio.store.versions import list_versions
from lorastudio.ui.panes.training import TrainingPane
from tests.services.practice_versions import practice_rows
from tests.ui.bench import Bench, find


def show(bench: Bench) -> TrainingPane:
    pane = bench.show(TrainingPane)
    bench.until(lambda: pane.view is not None)
    return pane


def choose(pane: TrainingPane, path: Path) -> None:
    """Take the command and name `path` in its dialog."""
    pane.commands.train_file.trigger()
    dialog = pane.window().findChildren(QFileDialog)[-1]
    dialog.fileSelected.emit(str(path))
    dialog.close()


@pytest.mark.timeout(400)
def test_a_file_is_trained_on_with_the_recipe_of_the_pane(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    rows = [{"prompt": row["prompt"], "chosen": row["good"], "rejected": row["bad"]} for row in practice_rows(16)]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with Bench(tmp_path / "home") as bench:
        pane = show(bench)
        assert pane.commands.train_file in pane.actions()
        assert (pane.commands.train.isEnabled(), pane.commands.train_file.isEnabled()) == (False, True)
        find(pane, QSpinBox, "training.epochs").setValue(1)
        choose(pane, file)
        assert not pane.commands.train_file.isEnabled()
        job = bench.ended("training")
        assert (job.state, job.title) == ("done", "Training on rows.jsonl"), job.error
        bench.until(lambda: pane.run_card.chip.text() == "v1")
    with Library.open(tmp_path / "home", write=False) as library:
        (run,) = list_runs(library)
        assert (run.config["epochs"], len(list_versions(library))) == (1, 1)
        assert 0 < run.num_examples <= 16
        assert count_pairs(library)[PairState.ACCEPTED] == 0


def test_a_file_without_rows_is_told_and_a_wrong_recipe_keeps_the_command_off(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text('{"nothing": "here"}\n', encoding="utf-8")
    with Bench(tmp_path / "home") as bench:
        pane = show(bench)
        choose(pane, empty)
        job = bench.ended("training")
        assert job.state == "failed"
        assert str(empty) in str(job.error)
        bench.until(pane.commands.train_file.isEnabled)
        find(pane, QLineEdit, "training.learning_rate").setText("fast")
        assert not pane.commands.train_file.isEnabled()
        assert "learning rate" in pane.commands.train_file.toolTip()
