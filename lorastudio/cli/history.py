"""`lorastudio undo | redo | history | pairs history`: what was done to pairs, and taking it back."""

from __future__ import annotations

from typing import Annotated

import typer

from lorastudio.cli.pair_tables import report_changes, show_actions, show_pair_history
from lorastudio.cli.session import Home, Json, Session, counted
from lorastudio.services import curation
from lorastudio.store.history import list_actions, list_pair_history


def register(app: typer.Typer, pairs: typer.Typer) -> None:
    app.command("undo")(undo)
    app.command("redo")(redo)
    app.command("history")(history)
    pairs.command("history")(pair_history)


def undo(home: Home = None, json: Json = False) -> None:
    """Take back what was done to pairs last, imports too."""
    session = Session(home, json)
    with session.writing("undo") as library:
        changes = curation.undo(library)
    report_changes(session, changes, f"Taken back: {changes.undo_label} ({counted(len(changes.pairs), 'pair')}).")


def redo(home: Home = None, json: Json = False) -> None:
    """Do again what was undone last."""
    session = Session(home, json)
    with session.writing("redo") as library:
        changes = curation.redo(library)
    report_changes(session, changes, f"Done again: {changes.undo_label} ({counted(len(changes.pairs), 'pair')}).")


def history(
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    before: Annotated[int | None, typer.Option(min=1, help="Go on before the action with this id.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """List what was done to pairs, the last first: who, when, how many, and whether it was undone."""
    session = Session(home, json)
    with session.reading() as library:
        actions = list_actions(library, limit=limit, before_id=before)
        state = curation.undo_state(library)
    session.result({"actions": actions, "undo": state.undo, "redo": state.redo}, lambda out: show_actions(out, actions))


def pair_history(
    pair_id: Annotated[int, typer.Argument(metavar="ID", help="The pair.")], home: Home = None, json: Json = False
) -> None:
    """List what happened to one pair, the oldest first."""
    session = Session(home, json)
    with session.reading() as library:
        entries = list_pair_history(library, pair_id)
    session.result({"id": pair_id, "history": entries}, lambda out: show_pair_history(out, entries))
