"""The versions pane over a real library: the gate, deployment and rollback with the real engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton, QWidget

from lorastudio.processes.jobs import Worker
from lorastudio.store.deployments import begin_deployment, finish_deployment, flip, list_deployments
from lorastudio.store.gate_looks import begin_look, finish_look
from lorastudio.store.library import Library
from lorastudio.store.versions import set_gate_result
from lorastudio.ui.panes.versions import VersionsPane
from lorastudio.ui.widgets.chip import Chip
from tests.services.practice_versions import add_practice_gate_questions, practice_rows, recipe, train_version
from tests.store.samples import new_version
from tests.ui.bench import Bench, find

GUARDS = [
    {"name": "answer length", "ok": True, "value": 1.1, "margin": 1.25, "p": None},
    {"name": "canaries", "ok": False, "value": 0.1, "margin": 0.05, "p": 0.01},
]


def judge(library: Library, version: int, verdict: str, gain: float = 12.0) -> None:
    """Write down a finished look with that verdict."""
    look = begin_look(library, version, "base", 0)
    report: dict[str, Any] = {
        "version": version,
        "against": "base",
        "verdict": verdict,
        "accuracy": 0.62,
        "baseline": 0.5,
        "gain": gain,
        "interval": [gain - 4, gain + 4],
        "p": 0.002,
        "n": 50,
        "needed": 5.0,
        "look": look.number,
        "level": 0.01,
        "guards": GUARDS if verdict == "worse" else GUARDS[:1],
        "reasons": ["A reason of the rule."],
        "more_questions": 80 if verdict == "not enough evidence" else None,
    }
    finish_look(library, look.id, report)
    set_gate_result(library, version, verdict=verdict, accuracy=0.62, baseline=0.5)


def make_live(library: Library, version: int, previous: int | None) -> None:
    number = begin_deployment(library, target="local", version=version, previous=previous, kind="deploy", reason="")
    flip(library, number)
    finish_deployment(library, number, "done", "")


def make_six(home: Path) -> None:
    """Versions 1 archived, 2 live, 3 failed, 4 undecided, 5 not judged, 6 candidate."""
    with Library.open(home, write=True, verb="test") as library:
        add_practice_gate_questions(library, 4)
        for number in range(1, 7):
            new_version(library, number, config={"objective": "dpo", "rank": 8, "alpha": 16.0})
        for number, verdict in ((1, "better"), (2, "better"), (3, "worse"), (4, "not enough evidence"), (6, "better")):
            judge(library, number, verdict)
        make_live(library, 1, None)
        make_live(library, 2, 1)


def read(bench: Bench, **saved: object) -> VersionsPane:
    pane = bench.show(VersionsPane, saved=dict(saved))
    bench.until(lambda: pane.view is not None)
    return pane


def chips(pane: VersionsPane) -> list[str]:
    rows = range(pane.table.rowCount())
    return [pane.table.cellWidget(row, 0).findChild(Chip).text() for row in rows]


def test_without_versions_it_says_what_comes_here(tmp_path: Path) -> None:
    with Bench(tmp_path / "home") as bench:
        pane = read(bench)
        assert pane.empty.isVisible()
        gone_to: list[str] = []
        pane.go_to.connect(gone_to.append)
        find(pane, QPushButton, "versions.to_training").click()
        assert gone_to == ["training"]


def test_each_version_shows_its_state_and_what_deploying_it_would_change(tmp_path: Path) -> None:
    make_six(tmp_path / "home")
    with Bench(tmp_path / "home") as bench:
        pane = read(bench)
        assert chips(pane) == ["candidate", "not judged", "undecided", "failed the gate", "live", "archived", "base"]
        assert pane.where.change.text() == "v2 → v6"
        assert pane.deploy_action.isEnabled()
        assert pane.rollback_action.text() == "Roll back to v1"
        assert not pane.where.reason.isVisible()
        pane.table.setFocus()
        QTest.keyClick(pane.table, Qt.Key.Key_Down)
        assert pane.where.change.text() == "v2 → v5"
        assert not pane.deploy_action.isEnabled()
        assert "has not judged it yet" in pane.where.words.text()
        assert pane.gate.chip.text() == "not judged"


def test_the_verdict_is_told_with_its_figures_guards_and_reasons(tmp_path: Path) -> None:
    make_six(tmp_path / "home")
    with Bench(tmp_path / "home") as bench:
        pane = read(bench, version=3)
        told = {name.text(): figure.text() for name, figure in pane.gate.lines() if name.isVisible()}
        assert pane.gate.chip.text() == "worse"
        assert told["Gain over the base model"] == "+12.0 points"
        assert told["90% interval"] == "+8.0 to +16.0"
        assert told["General canaries"] == "-10% ✗ harm"
        assert "Length of answers" not in told
        find(pane, QPushButton, "versions.guards").click()
        told = {name.text(): figure.text() for name, figure in pane.gate.lines() if name.isVisible()}
        assert told["Length of answers"] == "× 1.10 ✓"
        assert pane.gate.reasons.text() == "A reason of the rule."
        pane.table.selectRow(2)
        assert "About 80 more questions would tell" in pane.gate.words.text()


def test_against_the_gate_only_with_a_reason(tmp_path: Path) -> None:
    make_six(tmp_path / "home")
    with Bench(tmp_path / "home") as bench:
        pane = read(bench)
        find(pane, QPushButton, "versions.reason.3").click()
        force, reason = find(pane, QPushButton, "versions.force"), find(pane, QLineEdit, "versions.reason")
        assert not force.isEnabled()
        QTest.keyClicks(reason, " ")
        assert not force.isEnabled()
        QTest.keyClicks(reason, "it must")
        assert force.isEnabled()


def test_a_damaged_folder_is_named(tmp_path: Path) -> None:
    make_six(tmp_path / "home")
    with Bench(tmp_path / "home") as bench:
        pane = read(bench)
        bench.until(lambda: pane.lineage.whole.text().startswith("Damaged"))
        assert "card.json" in pane.lineage.whole.text()
        assert "Run 6, DPO, rank 8, alpha 16" in pane.lineage.words.text()


def test_every_control_has_a_name(tmp_path: Path) -> None:
    make_six(tmp_path / "home")
    with Bench(tmp_path / "home") as bench:
        pane = read(bench)
        nameless = [
            (type(widget).__name__, widget.objectName())
            for widget in pane.findChildren(QWidget)
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            and widget.isVisible()
            and not (widget.objectName() and widget.accessibleName())
            and not widget.objectName().startswith("qt_")
        ]
        assert nameless == []


@pytest.fixture(scope="module")
def trained_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one real version and gate questions."""
    home = tmp_path_factory.mktemp("trained") / "home"
    with Worker() as worker, Library.open(home, write=True, verb="test") as library:
        add_practice_gate_questions(library, 24)
        train_version(library, worker, practice_rows(36), recipe(learning_rate=4e-3))
    return home


@pytest.mark.timeout(400)
def test_a_version_is_judged_deployed_and_rolled_back_by_real_children(trained_home: Path) -> None:
    with Bench(trained_home) as bench:
        pane = read(bench)
        find(pane, QPushButton, "versions.judge.1").click()
        bench.until(lambda: pane.gate.bar.value() > 0)
        assert not pane.judge_action.isEnabled()
        assert bench.ended("gate").state == "done"
        bench.until(lambda: chips(pane) == ["candidate", "base"])
        assert pane.gate.chip.text() == "better"
        bench.until(lambda: pane.answers.isVisible())
        first = pane.answers.question.toolTip()
        find(pane, QPushButton, "versions.answers.next").click()
        assert pane.answers.question.toolTip() != first
        assert pane.where.change.text() == "the base model → v1"
        find(pane, QPushButton, "versions.deploy.1").click()
        assert not find(pane, QPushButton, "versions.deploy.1").isEnabled()
        assert bench.ended("deployment").state == "done"
        bench.until(lambda: chips(pane) == ["live", "base"])
        assert pane.where.change.text() == "v1 is live"
        pane.rollback_action.trigger()
        assert bench.ended("deployment").state == "done"
        bench.until(lambda: chips(pane) == ["archived", "live"])
    with Library.open(trained_home, write=False) as library:
        assert [(entry.kind, entry.version, entry.state) for entry in list_deployments(library)] == [
            ("deploy", 1, "done"),
            ("rollback", None, "done"),
        ]
