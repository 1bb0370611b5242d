"""`lorastudio gate | decided | deploy | rollback | versions | stats`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import Console

from lorastudio.cli.narration import Narrator
from lorastudio.cli.session import Home, Json, Session, figure, model_name, table
from lorastudio.domain.errors import BugError, UsageError
from lorastudio.domain.events import Event, as_json
from lorastudio.domain.gate import GateReport
from lorastudio.domain.gate_events import GateFinished
from lorastudio.services.base_models import base_of
from lorastudio.services.deployment import deploy_version, rollback_goal
from lorastudio.services.deployment import rollback as roll_back
from lorastudio.services.gate_review import DecidingQuestion, deciding_questions
from lorastudio.services.gating import gate_version
from lorastudio.services.judging import judge_for
from lorastudio.services.statistics import statistics
from lorastudio.store import deployments
from lorastudio.store import versions as stored
from lorastudio.store.library import Library

TARGETS = ("local",)


def register(app: typer.Typer) -> None:
    app.command("gate")(gate)
    app.command("decided")(decided)
    app.command("deploy")(deploy)
    app.command("rollback")(rollback)
    app.command("versions")(versions)
    app.command("stats")(stats)


def gate(
    version: Annotated[int, typer.Argument(help="The version to judge.")], home: Home = None, json: Json = False
) -> None:
    """Judge a version against the live one on the gate questions."""
    session = Session(home, json)
    report: GateReport | None = None
    with session.writing("gate") as library, session.servers(library) as servers, Narrator(session) as narrator:
        for event in gate_version(
            library, version, judge=judge_for(library, servers, session.cancel), cancel=session.cancel
        ):
            narrator.tell(event)
            if isinstance(event, GateFinished):
                report = event.report
    if report is None:
        raise BugError("The gate ended without a report.")
    found = report
    session.result(found, lambda out: show_report(out, found))


def decided(
    version: Annotated[int, typer.Argument(help="A version that was judged.")],
    most: Annotated[int, typer.Option(min=1, help="How many questions are shown.")] = 10,
    home: Home = None,
    json: Json = False,
) -> None:
    """Show the gate questions that decided the last verdict on a version, with an answer of each side."""
    session = Session(home, json)
    with session.reading() as library:
        stored.get_version(library, version)
        found = deciding_questions(library, version, most)
    session.result({"version": version, "questions": found}, lambda out: _show_decided(out, found))


def deploy(
    version: Annotated[int, typer.Argument(help="The version to deploy.")],
    target: Annotated[str, typer.Option(help="Where to: local is this Mac.")] = "local",
    force: Annotated[bool, typer.Option("--force", help="Against the gate; needs --reason.")] = False,
    reason: Annotated[str, typer.Option(help="Why it is deployed against the gate; kept in the history.")] = "",
    home: Home = None,
    json: Json = False,
) -> None:
    """Make a version the live one, if the gate found it better; proved by probes, else taken back."""
    if target not in TARGETS:
        raise UsageError(f"There is no target {target!r}.", f"Choose one of: {', '.join(TARGETS)}.")
    if force and not reason.strip():
        raise UsageError("Deploying against the gate needs a reason.", 'Add --reason "…".')
    session = Session(home, json)
    with session.writing("deploy") as library, session.servers(library) as servers:
        engine = servers.engine(base_of(library, version))
        _move(
            session,
            library,
            deploy_version(library, version, engine, target=target, force=force, reason=reason, cancel=session.cancel),
        )


def rollback(
    version: Annotated[int | None, typer.Argument(help="Default: what was live before; 0 is the bare base.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Make an earlier version the live one again; proved by a probe."""
    session = Session(home, json)
    with session.writing("rollback") as library, session.servers(library) as servers:
        base = base_of(library, rollback_goal(library, version))
        _move(session, library, roll_back(library, servers.engine(base), version=version, cancel=session.cancel))


def versions(home: Home = None, json: Json = False) -> None:
    """List versions."""
    session = Session(home, json)
    with session.reading() as library:
        found = stored.list_versions(library)
        live = deployments.live_version(library)
    shown = table(
        ">Version", "", "Verdict", ">Gate", ">Against", ">Prefers good", ">Loss", ">Examples", "Trained", "Parent"
    )
    for item in found:
        shown.add_row(
            str(item.version),
            "live" if item.version == live else "",
            item.verdict or "not judged",
            figure(item.gate_accuracy),
            figure(item.baseline_accuracy),
            figure(item.validation_accuracy),
            figure(item.final_loss),
            str(item.num_examples),
            item.training_date,
            "base" if item.parent is None else str(item.parent),
        )
    session.result({"versions": found, "live_version": live}, lambda out: out.print(shown))


def stats(home: Home = None, json: Json = False) -> None:
    """Totals: versions, best accuracy, live version, pairs by state, runs."""
    session = Session(home, json)
    with session.reading() as library:
        record = statistics(library)
    session.result(record, lambda out: _show_stats(out, as_json(record)))


def _move(session: Session, library: Library, events: Iterator[Event]) -> None:
    with Narrator(session) as narrator:
        for event in events:
            narrator.tell(event)
    live = deployments.live_version(library)
    session.result(
        {"live_version": live, "target": "local", "ok": True}, lambda out: out.print(f"Live: {model_name(live)}.")
    )


def show_report(out: Console, report: GateReport) -> None:
    """The gate's findings for people."""
    out.print(
        f"Version {report.version} against {report.against}: {report.verdict.value}", style="bold", highlight=False
    )
    if report.gain is not None and report.interval is not None:
        low, high = report.interval
        out.print(
            f"Gain {report.gain:+.1f} points (90% interval {low:+.1f} to {high:+.1f}), "
            f"at least {report.needed:g} needed; "
            f"p = {report.p:.4f}, level {report.level:.4f} at look {report.look}; {report.n} questions.",
            highlight=False,
        )
    for guard in report.guards:
        out.print(f"  {'ok  ' if guard.ok else 'FAIL'} {guard.name}: {guard.value:.3f}", markup=False, highlight=False)
    for reason in report.reasons:
        out.print(f"  {reason}", markup=False, highlight=False)


def _show_decided(out: Console, found: list[DecidingQuestion]) -> None:
    if not found:
        out.print("No question decided: the version was not judged, or both sides did equally well on every one.")
    for item in found:
        out.print(item.question, style="bold", markup=False, highlight=False)
        for name, score, text in (
            ("this version", item.candidate_score, item.candidate),
            ("the other", item.against_score, item.against),
        ):
            out.print(f"  {name}, {100 * score:.0f}%: {text}", markup=False, highlight=False)


def _show_stats(out: Console, record: dict[str, Any]) -> None:
    shown = table("What", ">Figure")
    for key, value in record.items():
        if isinstance(value, dict):
            for name, count in value.items():
                shown.add_row(f"{key.replace('_', ' ')}: {name}", str(count))
        else:
            shown.add_row(key.replace("_", " "), "–" if value is None else str(value))
    out.print(shown)
