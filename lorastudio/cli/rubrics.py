"""`lorastudio rubric list | show | add | edit | remove`: what the critic scores by."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from lorastudio.cli.cycle_options import read_json
from lorastudio.cli.session import Home, Json, Session, table
from lorastudio.domain.rubric import Rubric
from lorastudio.services import rubrics

Name = Annotated[str, typer.Argument(help="Its name; a shipped kind such as code is there as code.en and code.pt.")]
File = Annotated[
    str, typer.Argument(help="A JSON file as `rubric show --json` prints it, - for stdin, or the JSON itself.")
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="What the critic scores by: anchored levels for each criterion.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("show")(show)
    group.command("add")(add)
    group.command("edit")(edit)
    group.command("remove")(remove)
    app.add_typer(group, name="rubric")


def list_(home: Home = None, json: Json = False) -> None:
    """List the rubrics that a cycle or a question may choose."""
    session = Session(home, json)
    with session.reading() as library:
        known = rubrics.list_rubrics(library)
    shown = table("Name", "Whose", "Criteria")
    for rubric, own in known:
        shown.add_row(rubric.name, "yours" if own else "shipped", ", ".join(item.name for item in rubric.criteria))
    records = [
        {"name": rubric.name, "own": own, "criteria": [item.name for item in rubric.criteria]} for rubric, own in known
    ]
    session.result({"rubrics": records}, lambda out: out.print(shown))


def show(
    name: Name,
    language: Annotated[str, typer.Option(help="en or pt, for a shipped kind.")] = "en",
    home: Home = None,
    json: Json = False,
) -> None:
    """Show a rubric with all its levels; with --json as `add` and `edit` read it."""
    session = Session(home, json)
    with session.reading() as library:
        rubric = rubrics.find_rubric(library, name, language)
    session.result(rubric.as_record(), lambda out: _print(out, rubric))


def add(file: File, home: Home = None, json: Json = False) -> None:
    """Add a rubric of your own."""
    session = Session(home, json)
    record = read_json(_source(file), "The rubric")
    with session.writing("rubric add") as library:
        rubric = rubrics.add_rubric(library, record)
    session.result(rubric.as_record(), lambda out: out.print(f"Added the rubric {rubric.name}.", markup=False))


def edit(name: Name, file: File, home: Home = None, json: Json = False) -> None:
    """Put other criteria in the place of a rubric's; of a shipped one you get a copy of your own.

    Cycles that have begun keep the rubric they began with.
    """
    session = Session(home, json)
    record = read_json(_source(file), "The rubric")
    with session.writing("rubric edit") as library:
        rubric = rubrics.edit_rubric(library, name, record)
    session.result(rubric.as_record(), lambda out: out.print(f"Changed the rubric {rubric.name}.", markup=False))


def remove(name: Name, home: Home = None, json: Json = False) -> None:
    """Remove a rubric of your own; a shipped one of that name holds again."""
    session = Session(home, json)
    with session.writing("rubric remove") as library:
        rubrics.remove_rubric(library, name)
    session.result({"removed": name}, lambda out: out.print(f"Removed {name}.", markup=False))


def _source(file: str) -> str:
    return sys.stdin.read() if file == "-" else file


def _print(out: Console, rubric: Rubric) -> None:
    out.print(rubric.name, style="bold", markup=False)
    for item in rubric.criteria:
        out.print(f"\n{item.name} (weight {item.weight:g})", markup=False, highlight=False)
        for level, words in enumerate(item.levels):
            out.print(f"  {level}  {words}", markup=False, highlight=False)
