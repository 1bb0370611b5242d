"""`lorastudio model info | use | download | token`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from lorastudio.cli.narration import Narrator
from lorastudio.cli.session import Home, Json, Session, table
from lorastudio.domain.errors import UsageError
from lorastudio.domain.events import Event
from lorastudio.services.base_models import choose_base, default_base, inspect
from lorastudio.services.downloads import download_model, ensure_base, forget_hub_token, keep_hub_token, plan_download


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Base models on this machine and on the hub.", no_args_is_help=True)
    group.command("info")(info)
    group.command("use")(use)
    group.command("download")(download)
    group.command("token")(token)
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
    model: Annotated[str, typer.Argument(help="A folder, practice, or a hub name, OWNER/NAME[@REVISION].")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Make a model the library's base: what is trained on, and what writes while nothing is deployed.

    A model of the hub is downloaded if need be, and pinned to the commit of its files.
    """
    session = Session(home, json)
    fetch_base(session, model)
    with session.writing("model use") as library:
        folder = choose_base(library, model)
        chosen = default_base(library)
    session.result(
        {"model": chosen, "path": str(folder)},
        lambda out: out.print(f"The base model is {chosen}.", markup=False, highlight=False),
    )


def download(
    model: Annotated[str, typer.Argument(help="A hub name, OWNER/NAME[@REVISION].")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be downloaded.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Download a model from the hub, or go on with a download; only files that can't hold programs."""
    session = Session(home, json)
    fetch = plan_download if dry_run else download_model
    _follow(session, fetch(model, session.home / "logs", session.cancel))


def token(
    forget: Annotated[bool, typer.Option("--forget", help="Take it out of the keychain.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Keep the hub's access token, for gated and private models: it is read from stdin into the keychain."""
    session = Session(home, json)
    if forget:
        forget_hub_token()
        session.result({"kept": None}, lambda out: out.print("No access token is kept."))
        return
    given = typer.prompt("Access token", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    if not given.strip():
        raise UsageError("No access token came in on stdin.", "Pipe it in, or type it.")
    place = keep_hub_token(given.strip())
    session.result({"kept": place}, lambda out: out.print(f"The access token is kept in {place}.", highlight=False))


def fetch_base(session: Session, base: str) -> None:
    """Download a base model unless it is here. Before the library is held for writing: it may take hours."""
    _follow(session, ensure_base(base, session.home / "logs", session.cancel))


def _follow(session: Session, events: Iterator[Event]) -> None:
    with session.stoppable(), Narrator(session) as narrator:
        for event in session.stream(events):
            narrator.tell(event)
