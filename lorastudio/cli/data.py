"""`lorastudio import | export | dataset | drafts | ready`: files in and out, and how ready the library is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from lorastudio.cli.narration import Narrator
from lorastudio.cli.session import Home, Json, Session, counted, given_path
from lorastudio.domain.errors import BugError, UsageError
from lorastudio.domain.events import as_json
from lorastudio.domain.pair import PairState
from lorastudio.domain.pair_filter import EVERY_PAIR
from lorastudio.services.curation import Readiness, readiness
from lorastudio.services.exporting import ExportReport, export_dataset, export_drafts, export_pairs
from lorastudio.services.import_options import ImportOptions
from lorastudio.services.import_report import ImportFinished, report_lines
from lorastudio.services.importing import import_files
from lorastudio.store.library import Library
from lorastudio.store.saved_filters import get_filter

MOST_REFUSALS_SHOWN = 20


def register(app: typer.Typer) -> None:
    app.command("import")(import_)
    app.command("export")(export)
    app.command("dataset")(dataset)
    app.command("drafts")(drafts)
    app.command("ready")(ready)


def import_(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…|FOLDER", help="Files of pairs, or a folder of drafts.", parser=given_path),
    ],
    accept: Annotated[bool, typer.Option("--accept", help="Accept what comes in, as your own decision.")] = False,
    format: Annotated[str | None, typer.Option(help="The format, where it is not to be found out.")] = None,
    columns: Annotated[
        list[str] | None, typer.Option("--map", metavar="OURS=THEIRS", help="A column, like chosen=answer.")
    ] = None,
    prompt: Annotated[str | None, typer.Option(help="What plain texts without a prompt answer.")] = None,
    near: Annotated[
        bool | None,
        typer.Option("--near/--no-near", help="Look for near-duplicates. Default: where it fits into memory."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would come in, and write nothing.")] = False,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", parser=given_path, help="The report: JSON in FILE.json, else text.")
    ] = None,
    save_refused: Annotated[
        Path | None,
        typer.Option(metavar="FILE", parser=given_path, help="Where to write down refused lines and why."),
    ] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Import pairs, all of them or none; they wait for review unless --accept. Every refused line is named."""
    session = Session(home, json)
    options = ImportOptions(
        accept=accept,
        format=format,
        columns=tuple(columns or ()),
        prompt=prompt,
        near_duplicates=near,
        dry_run=dry_run,
        report_to=report,
        save_refused=save_refused,
    )
    finished: ImportFinished | None = None
    with _opened(session, dry_run) as library, Narrator(session) as narrator:
        for event in import_files(library, paths, options=options, cancel=session.cancel):
            narrator.tell(event)
            if isinstance(event, ImportFinished):
                finished = event
    if finished is None:
        raise BugError("The import ended without its report.")
    record = as_json(finished.report)
    session.result(record, lambda out: _show_import(out, record))
    if not any(file["imported"] for file in record["files"]):
        raise typer.Exit(1)


@contextmanager
def _opened(session: Session, dry_run: bool) -> Iterator[Library]:
    """The library for an import; a dry run looks at it alone, beside whoever writes."""
    if not dry_run:
        with session.writing("import") as library:
            yield library
        return
    with session.reading() as library, session.stoppable():
        yield library


def export(
    out: Annotated[Path, typer.Argument(metavar="OUT.jsonl[.gz]", help="The file to write.", parser=given_path)],
    format: Annotated[str, typer.Option(help="seed, trl, openai-preference, alpaca-ranking or sft.")] = "seed",
    state: Annotated[
        str, typer.Option(help="accepted, pending, rejected or all. Default: as the filter says, or accepted.")
    ] = "",
    saved: Annotated[str, typer.Option("--filter", help="A saved filter's name: only the pairs that it means.")] = "",
    min_confidence: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Only pairs at least this sure.")
    ] = None,
    cycle: Annotated[int | None, typer.Option(help="Only pairs of this cycle.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Write pairs in a format that trainers read; read again they are the same pairs."""
    session = Session(home, json)
    if state not in ("", "all", *PairState):
        raise UsageError(f"Pairs are never {state!r}.", f"Say {', '.join(PairState)} or all.")
    given: dict[str, Any] = {}
    if state or not saved:
        given["states"] = () if state == "all" else (PairState(state or PairState.ACCEPTED),)
    if min_confidence is not None:
        given["min_confidence"] = min_confidence
    if cycle is not None:
        given["cycles"] = (cycle,)
    with session.reading() as library:
        chosen = replace(get_filter(library, saved) if saved else EVERY_PAIR, **given)
        report = export_pairs(library, out, format, chosen)
    session.result(report, lambda console: _show_export(console, report))


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
    for line in report_lines(report, MOST_REFUSALS_SHOWN):
        out.print(line, markup=False, highlight=False)


def _show_export(out: Console, report: ExportReport) -> None:
    out.print(f"{counted(report.pairs, 'pair')} written to {report.path}.", markup=False, highlight=False)
    for reason, count in report.left_out.items():
        out.print(f"  Left out, pairs that {reason}: {count}.", markup=False, highlight=False)
    if report.bad_dropped:
        out.print(f"  Pairs whose bad answer this format has no place for: {report.bad_dropped}.")
    if report.not_kept:
        out.print(f"  This format does not keep: {', '.join(report.not_kept)}.", markup=False, highlight=False)


def _show_ready(out: Console, state: Readiness) -> None:
    word = "Ready" if state.ready else "Not ready yet"
    out.print(f"{word}: {state.accepted} of {state.needed} accepted pairs (confidence ≥ {state.min_confidence}).")
    for reason in state.reasons:
        out.print(f"  {reason}", markup=False, highlight=False)
