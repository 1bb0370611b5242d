"""`lorastudio model info MODEL`."""

from __future__ import annotations

from typing import Annotated

import typer

from lorastudio.cli.session import Home, Json, Session, table
from lorastudio.services.base_models import inspect


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Base models on this machine.", no_args_is_help=True)
    group.command("info")(info)
    app.add_typer(group, name="model")
    # With a single command typer would drop the group's own name.
    group.callback()(_models)


def _models() -> None:
    """Base models on this machine."""


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
