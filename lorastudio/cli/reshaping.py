"""`lorastudio pairs swap | split | merge`: what a person changes about which answer stands where."""

from __future__ import annotations

from typing import Annotated

import typer

from lorastudio.cli.pair_tables import report_changes
from lorastudio.cli.session import Home, Json, Session, counted
from lorastudio.services import curation
from lorastudio.services.curation import SplitInto

Ids = Annotated[list[int], typer.Argument(help="Ids of pairs, as `lorastudio pairs` shows them.")]


def register(group: typer.Typer) -> None:
    group.command("swap")(swap)
    group.command("split")(split)
    group.command("merge")(merge)


def swap(ids: Ids, home: Home = None, json: Json = False) -> None:
    """Make the bad answer the good one and the other way round."""
    session = Session(home, json)
    with session.writing("pairs swap") as library:
        changes = curation.swap_pairs(library, ids)
    report_changes(session, changes, f"{counted(len(changes.pairs), 'pair')} swapped.")


def split(
    ids: Ids,
    into: Annotated[SplitInto, typer.Option(help="The two answers, or the turns of the prompt.")] = SplitInto.ANSWERS,
    home: Home = None,
    json: Json = False,
) -> None:
    """Take pairs apart: into a good-only and a bad-only example, or into one example for each earlier turn."""
    session = Session(home, json)
    with session.writing("pairs split") as library:
        changes = curation.split_pairs(library, ids, into)
    report_changes(session, changes, f"{counted(len(changes.pairs), 'pair')} changed.")


def merge(
    first: Annotated[int, typer.Argument(help="A pair.")],
    second: Annotated[int, typer.Argument(help="Another one with the same prompt.")],
    good_from: Annotated[int | None, typer.Option(help="Take the good answer from this one.")] = None,
    bad_from: Annotated[int | None, typer.Option(help="Take the bad answer from this one.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Make one pair of two: the best good answer against the worst bad one."""
    session = Session(home, json)
    with session.writing("pairs merge") as library:
        changes = curation.merge_pairs(library, first, second, good_from=good_from, bad_from=bad_from)
    report_changes(session, changes, f"Pairs {first} and {second} are one.")
