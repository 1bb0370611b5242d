"""What the gate said of the selected version: the verdict, its figures, the guards, the reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout

from lorastudio.ui.jobs import how_far, share_of
from lorastudio.ui.panes.versions.words import VERDICT_CHIPS, guard_figure, guard_name, interval_text, opponent_name
from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.labels import Dim, Figure
from lorastudio.ui.widgets.thin_bar import ThinBar
from lorastudio.ui.wording import count, counted, version_name

if TYPE_CHECKING:
    from lorastudio.bridge.job import Job

Fact = tuple[str, str, str]  # name, figure, kind


class GateCard(Card):
    """Shows a report, or that there is none; while the gate is at work, how far it is."""

    stop_wanted = Signal()

    def __init__(self) -> None:
        super().__init__("Deploy gate")
        self.chip = Chip()
        self.head.addStretch()
        self.head.addWidget(self.chip)
        self.words = Dim(wrap=True)
        self.words.setObjectName("versions.gate.words")
        self.bar = ThinBar()
        self.bar.setAccessibleName("Progress of the gate")
        self.stop_button = Button("Stop and keep", "versions.gate.stop", kind="danger")
        self.stop_button.clicked.connect(self.stop_wanted)
        self._grid = QGridLayout()
        self._grid.setColumnStretch(0, 1)
        self._grid.setVerticalSpacing(6)
        self._lines: list[tuple[Dim, Figure]] = []
        self.reasons = Dim(wrap=True)
        self.reasons.setObjectName("versions.gate.reasons")
        self.body.addWidget(self.words)
        self.body.addWidget(self.bar)
        self.body.addWidget(self.stop_button)
        self.body.addLayout(self._grid)
        self._facts: list[Fact] = []
        self._guards: list[dict[str, Any]] = []
        self.guards_button = Button("", "versions.guards", kind="link")
        self.guards_button.setCheckable(True)
        self.guards_button.toggled.connect(self._show_lines)
        self.body.addWidget(self.guards_button)
        self.body.addWidget(self.reasons)
        self.show_progress(None)

    def show_report(self, version: int, report: dict[str, Any] | None, questions: int) -> None:
        """The report as the library keeps it."""
        self.title.setText(f"Deploy gate for {version_name(version)}" if version else "Deploy gate")
        facts: list[Fact] = []
        if report is None:
            self.chip.say("not judged" if version else "")
            self.words.setText(_without_report(version, questions))
            self.reasons.setText("")
        else:
            verdict = str(report["verdict"])
            self.chip.say(verdict, VERDICT_CHIPS.get(verdict, ""))
            self.words.setText(_in_words(report))
            self.reasons.setText("\n".join(report["reasons"]))
            facts = _facts(report)
        self.chip.setVisible(bool(self.chip.text()))
        self.reasons.setVisible(bool(self.reasons.text()))
        self._facts = facts
        self._guards = [] if report is None else list(report["guards"])
        self.guards_button.setVisible(any(guard["ok"] for guard in self._guards))
        self._show_lines()

    def show_progress(self, job: Job | None) -> None:
        """The gate's job while it runs."""
        self.bar.setVisible(job is not None)
        self.stop_button.setVisible(job is not None)
        if job is not None:
            self.words.setText(how_far(job) or "Starting")
            self.bar.set_share(share_of(job) or 0.0)
            self.stop_button.setEnabled(not job.stopping)

    def lines(self) -> list[tuple[Dim, Figure]]:
        """The rows of names and figures; unused ones are hidden."""
        return self._lines

    @Slot()
    def _show_lines(self) -> None:
        """Guards that speak are always there; the others on demand."""
        quiet = [guard for guard in self._guards if guard["ok"]]
        unfolded = self.guards_button.isChecked()
        if unfolded:
            self.guards_button.setText("Show only what speaks")
        else:
            self.guards_button.setText(f"{counted(len(quiet), 'guard')} ✓ no harm shown")
        spoken = [guard for guard in self._guards if not guard["ok"]]
        self._show_facts(self._facts + [_guard(guard) for guard in spoken + (quiet if unfolded else [])])

    def _show_facts(self, facts: list[Fact]) -> None:
        while len(self._lines) < len(facts):
            line = (Dim(), Figure())
            for column, label in enumerate(line):
                self._grid.addWidget(label, len(self._lines), column)
            line[1].setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._lines.append(line)
        for place, (name, figure) in enumerate(self._lines):
            given = facts[place] if place < len(facts) else ("", "", "")
            name.setText(given[0])
            figure.say(given[1], given[2])
            for label in (name, figure):
                label.setVisible(bool(given[0]))


def _without_report(version: int, questions: int) -> str:
    if not version:
        return "The base model is what versions are compared with."
    if not questions:
        return "There are no gate questions, so nothing can be judged. Set some aside first."
    return f"Not judged yet. {counted(questions, 'question')}, set aside before any drafting, will tell."


def _in_words(report: dict[str, Any]) -> str:
    against = opponent_name(str(report["against"]))
    if report["verdict"] == "better":
        return f"Better than {against}: the gain is shown and no guard speaks."
    if report["verdict"] == "worse":
        return f"Worse than {against}, or harmful: see below what speaks against it."
    more = report.get("more_questions")
    hint = f" About {count(more)} more questions would tell." if more else ""
    return f"Neither better nor worse than {against} is shown.{hint}"


def _facts(report: dict[str, Any]) -> list[Fact]:
    facts: list[Fact] = []
    gain, p = report.get("gain"), report.get("p")
    if gain is not None:
        kind = "good" if report["verdict"] == "better" else "bad" if gain < 0 else ""
        facts.append((f"Gain over {opponent_name(str(report['against']))}", f"{gain:+.1f} points", kind))
        facts.append(("90% interval", interval_text(report), "dim"))
        facts.append(("Needed", f"{report['needed']:+.1f}", "dim"))
    if report.get("accuracy") is not None and report.get("baseline") is not None:
        facts.append(("Score", f"{100 * report['accuracy']:.1f}% vs {100 * report['baseline']:.1f}%", "dim"))
    if p is not None:
        facts.append(("By chance alone", "< 0.0001" if p < 0.0001 else f"{p:.4f}", "dim"))
        facts.append((f"Allowed at look {report['look']}", f"{report['level']:.4f}", "dim"))
    facts.append(("Questions", count(report["n"]), "dim"))
    return facts


def _guard(guard: dict[str, Any]) -> Fact:
    sign = "✓" if guard["ok"] else "✗ harm"
    return guard_name(guard), f"{guard_figure(guard)} {sign}", "good" if guard["ok"] else "bad"
