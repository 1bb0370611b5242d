"""The outcomes as Markdown: what each rate gave, and what follows for each objective."""

from __future__ import annotations

from collections.abc import Sequence

from lorastudio.training.config import Objective
from tests.benchmarks.rates.findings import Finding, of_rate, untouched
from tests.benchmarks.rates.sweep import Outcome, rates_of


def heading(task: str, outcomes: Sequence[Outcome]) -> str:
    base = untouched(outcomes)
    return (
        f"### {task}\n\nThe untouched model: quality {base.quality:.2f}, perfect {base.perfect:.2f}, "
        f"accuracy {base.accuracy:.2f}, other skill {base.skills:.2f}."
    )


def findings_table(findings: Sequence[Finding]) -> str:
    lines = ["| objective | best rate | its quality | falls apart at | times the best |", "|---|---:|---:|---:|---:|"]
    for found in findings:
        falls = f"{found.falls_apart:g} | {found.falls_apart / found.best:.1f}" if found.falls_apart else "– | –"
        lines.append(f"| {found.objective} | {found.best:g} | {found.quality:.2f} | {falls} |")
    return "\n".join(lines)


def outcomes_table(outcomes: Sequence[Outcome]) -> str:
    """A line for each objective and rate, with the figures of its seeds side by side."""
    lines = ["| objective | rate | quality | perfect | accuracy | other skill |", "|---|---:|---|---|---|---|"]
    for objective in Objective:
        for rate in rates_of(objective):
            if runs := of_rate(outcomes, objective, rate):
                figures = [(run.quality, run.perfect, run.accuracy, run.skills) for run in runs]
                columns = zip(*figures, strict=True)
                cells = " | ".join(" ".join(f"{value:.2f}" for value in column) for column in columns)
                lines.append(f"| {objective} | {rate:g} | {cells} |")
    return "\n".join(lines)
