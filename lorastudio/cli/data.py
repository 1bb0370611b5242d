"""`lorastudio import | dataset | drafts | ready`: files in and out, and how ready the library is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from lorastudio.cli.narration import Narrator
from lorastudio.cli.session import Home, Json, Session, counted, given_path
from lorastudio.domain.errors import BugError
from lorastudio.domain.events import as_json
from lorastudio.domain.pair import PairState
from lorastudio.services.curation import Readiness, readiness
from lorastudio.services.exporting import export_dataset, export_drafts
from lorastudio.services.importing import ImportFinished, import_files

MOST_REFUSALS_SHOWN = 20


def register(app: typer.Typer) -> None:
    app.command("import")(import_)
    app.command("dataset")(dataset)
    app.command("drafts")(drafts)
    app.command("ready")(ready)


def import_(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…|FOLDER", help="Files of pairs, or a folder of drafts.", parser=given_path),
    ],
    accept: Annotated[bool, typer.Option("--accept", help="Accept what comes in, as your own decision.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Import pairs; they wait for review unless --accept. Every refused line is named."""
    session = Session(home, json)
    finished: ImportFinished | None = None
    with session.writing("import") as library, Narrator(session) as narrator:
        for event in import_files(library, paths, accept=accept, cancel=session.cancel):
            narrator.tell(event)
            if isinstance(event, ImportFinished):
                finished = event
    if finished is None:
        raise BugError("The import ended without its report.")
    report = as_json(finished.report)
    session.result(report, lambda out: _show_import(out, report))
    if not any(file["imported"] for file in report["files"]):
        raise typer.Exit(1)


def dataset(
    out: Annotated[Path, typer.Argument(metavar="OUT.jsonl[.gz]", help="The file to write.")],
    cycle: Annotated[int | None, typer.Option(help="Only pairs of this cycle.")] = None,
    state: Annotated[PairState, typer.Option(help="Only pairs in this state.")] = PairState.ACCEPTED,
    home: Home = None,
    json: Json = False,
) -> None:
    """Write pairs to a file in the seed format."""
    session = Session(home, json)
    with session.reading() as library:
        written = export_dataset(library, out, cycle=cycle, state=state)
    session.result(
        {"path": str(out), "pairs": written},
        lambda console: console.print(f"{counted(written, 'pair')} written to {out}."),
    )


def drafts(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Write all drafts as files, one folder per question."""
    session = Session(home, json)
    with session.reading() as library:
        written = export_drafts(library, folder)
    session.result(
        {"path": str(folder), "questions": written},
        lambda console: console.print(f"The drafts of {counted(written, 'question')} are in {folder}."),
    )


def ready(home: Home = None, json: Json = False) -> None:
    """Tell whether there are enough good pairs to train on."""
    session = Session(home, json)
    with session.reading() as library:
        state = readiness(library)
    session.result(state, lambda out: _show_ready(out, state))


def _show_import(out: Console, report: dict[str, Any]) -> None:
    for file in report["files"]:
        out.print(
            f"{file['path']}: {file['format'] or 'not recognised'}; {file['rows_read']} rows read, "
            f"{file['imported']} imported, {file['repaired']} repaired, {file['duplicates']} duplicates, "
            f"{len(file['refused'])} refused.",
            markup=False,
            highlight=False,
        )
        for refused in file["refused"][:MOST_REFUSALS_SHOWN]:
            out.print(f"  line {refused['line']}: {refused['reason']}", markup=False, highlight=False)
        if len(file["refused"]) > MOST_REFUSALS_SHOWN:
            out.print(f"  and {len(file['refused']) - MOST_REFUSALS_SHOWN} more; --json lists them all.")
        for warning in file["warnings"]:
            out.print(f"  Note: {warning}", markup=False, highlight=False)
    out.print(f"{counted(report['pairs_added'], 'pair')} added.")


def _show_ready(out: Console, state: Readiness) -> None:
    word = "Ready" if state.ready else "Not ready yet"
    out.print(f"{word}: {state.accepted} of {state.needed} accepted pairs (confidence ≥ {state.min_confidence}).")
    for reason in state.reasons:
        out.print(f"  {reason}", markup=False, highlight=False)
