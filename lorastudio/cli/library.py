"""`lorastudio doctor | backup`: the health and the safety of the library."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lorastudio.cli.session import Home, Json, Session
from lorastudio.services.doctor import DoctorReport, examine
from lorastudio.store.backup import backup as back_up


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)
    app.command("backup")(backup)


def doctor(home: Home = None, json: Json = False) -> None:
    """Check the library and this machine; exit code 1 when something is wrong."""
    session = Session(home, json)
    report = examine(session.home)
    session.result(report, lambda out: _show(out, report))
    if not all(finding.ok for finding in report.findings):
        raise typer.Exit(1)


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Copy the library's database to a file, also while it is in use."""
    session = Session(home, json)
    back_up(session.home, file)
    size = file.stat().st_size
    session.result(
        {"path": str(file), "bytes": size}, lambda out: out.print(f"The library is copied to {file} ({size} bytes).")
    )


def _show(out: Console, report: DoctorReport) -> None:
    for name, version in report.versions.items():
        out.print(f"     {name}: {version}", markup=False, highlight=False)
    for finding in report.findings:
        mark, style = ("ok  ", "green") if finding.ok else ("BAD ", "red")
        out.print(f"{mark} {finding.name}: {finding.message}", style=style, markup=False, highlight=False)
        if finding.hint:
            out.print(f"     {finding.hint}", markup=False, highlight=False)
