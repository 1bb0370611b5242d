"""`lorastudio model info | use MODEL`."""

from __future__ import annotations

from typing import Annotated

import typer

from lorastudio.cli.session import Home, Json, Session, table
from lorastudio.services.base_models import choose_base, inspect


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Base models on this machine.", no_args_is_help=True)
    group.command("info")(info)
    group.command("use")(use)
    app.add_typer(group, name="model")


def info(
    model: Annotated[str, typer.Argument(help="A folder, a hub name on this machine, or practice.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Tell what a base model is: architecture, sizes, context, template, fingerprint."""
    session = Session(home, json)
    record = {"model": model} | inspect(model, session.home / "logs", session.cancel)
    shown = table("What", "Value")
    for key, value in record.items():
        shown.add_row(key.replace("_", " "), "–" if value is None else str(value))
    session.result(record, lambda out: out.print(shown))


def use(
    model: Annotated[str, typer.Argument(help="A folder, a hub name on this machine, or practice.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Make a model the library's base: what is trained on, and what writes while nothing is deployed."""
    session = Session(home, json)
    with session.writing("model use") as library:
        folder = choose_base(library, model)
    session.result({"model": model, "path": str(folder)}, lambda out: out.print(f"The base model is {model}."))
