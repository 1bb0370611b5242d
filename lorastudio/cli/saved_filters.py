"""`lorastudio filters add | list | remove`: filters of pairs that have a name."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console

from lorastudio.cli.pair_filters import filter_of, is_filter_given, with_filter
from lorastudio.cli.session import Home, Json, Session, table
from lorastudio.domain.errors import UsageError
from lorastudio.services import curation
from lorastudio.store.saved_filters import SavedFilter, list_filters

Name = Annotated[str, typer.Argument(help="Your name for it.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Filters of pairs that have a name, for `--filter NAME`.", no_args_is_help=True)
    group.command("add")(with_filter(add))
    group.command("list")(list_)
    group.command("remove")(remove)
    app.add_typer(group, name="filters")


def add(name: Name, home: Home = None, json: Json = False, **filters: Any) -> None:
    """Save a filter; one of the same name is replaced."""
    session = Session(home, json)
    if not name.strip() or not is_filter_given(filters):
        raise UsageError(
            "A saved filter needs a name and something to filter by.", "See `lorastudio filters add --help`."
        )
    with session.writing("filters add") as library:
        chosen = filter_of(library, filters)
        curation.save_filter(library, name, chosen)
    session.result({"name": name, "filter": chosen.as_record()}, lambda out: out.print(f"Saved {name}.", markup=False))


def list_(home: Home = None, json: Json = False) -> None:
    """List saved filters."""
    session = Session(home, json)
    with session.reading() as library:
        saved = list_filters(library)
    record = {
        "filters": [{"name": one.name, "filter": one.filter.as_record(), "saved_at": one.saved_at} for one in saved]
    }
    session.result(record, lambda out: _show(out, saved))


def remove(name: Name, home: Home = None, json: Json = False) -> None:
    """Forget a saved filter; the pairs stay as they are."""
    session = Session(home, json)
    with session.writing("filters remove") as library:
        curation.remove_filter(library, name)
    session.result({"removed": name}, lambda out: out.print(f"Removed {name}.", markup=False))


def _show(out: Console, saved: list[SavedFilter]) -> None:
    shown = table("Name", "Filter", "Saved")
    for one in saved:
        words = "; ".join(f"{name} {value}" for name, value in one.filter.as_record().items())
        shown.add_row(one.name, words, one.saved_at)
    out.print(shown)
