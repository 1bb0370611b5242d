"""`lorastudio pairs | accept | reject | edit | undo`: what a person decides about pairs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from lorastudio.cli.session import Home, Json, Session, counted, figure, table
from lorastudio.domain.changes import Changes
from lorastudio.domain.errors import UsageError
from lorastudio.domain.events import as_json
from lorastudio.domain.messages import user
from lorastudio.domain.pair import Decider, Pair, PairState
from lorastudio.services import curation
from lorastudio.store.pairs import count_pairs, list_pairs

Ids = Annotated[list[int] | None, typer.Argument(help="Ids of pairs, as `lorastudio pairs` shows them.")]
AllPending = Annotated[bool, typer.Option("--all-pending", help="Every pair that waits.")]
LeastConfidence = Annotated[
    float | None, typer.Option("--min-confidence", min=0.0, max=1.0, help="Only pairs with at least this confidence.")
]
PREVIEW = 80


def register(app: typer.Typer) -> None:
    app.command("pairs")(pairs)
    app.command("accept")(accept)
    app.command("reject")(reject)
    app.command("edit")(edit)
    app.command("undo")(undo)


def pairs(
    state: Annotated[PairState | None, typer.Option(help="Only pairs in this state.")] = None,
    search: Annotated[str | None, typer.Option(help="Only pairs that hold this text.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    after: Annotated[int, typer.Option(min=0, help="Only pairs with a greater id.")] = 0,
    home: Home = None,
    json: Json = False,
) -> None:
    """List pairs."""
    session = Session(home, json)
    with session.reading() as library:
        found = list_pairs(library, state=state, search=search, limit=limit, after_id=after)
        counts = {key.value: count for key, count in count_pairs(library).items()}
    session.result({"pairs": found, "counts": counts}, lambda out: _show(out, found, counts))


def accept(
    ids: Ids = None,
    all_pending: AllPending = False,
    min_confidence: LeastConfidence = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Accept pairs: they will be trained on."""
    _decide(Session(home, json), PairState.ACCEPTED, ids or [], all_pending, min_confidence)


def reject(
    ids: Ids = None,
    all_pending: AllPending = False,
    min_confidence: LeastConfidence = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Reject pairs: they stay in the library and are never trained on."""
    _decide(Session(home, json), PairState.REJECTED, ids or [], all_pending, min_confidence)


def edit(
    pair_id: Annotated[int, typer.Argument(metavar="ID", help="The pair to edit.")],
    good: Annotated[str | None, typer.Option(help="The new good answer; - reads it from stdin.")] = None,
    bad: Annotated[str | None, typer.Option(help="The new bad answer; - reads it from stdin.")] = None,
    prompt: Annotated[str | None, typer.Option(help="The new prompt; - reads it from stdin.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Change a pair's texts; the original is kept and undo brings it back."""
    session = Session(home, json)
    given = [good, bad, prompt]
    if all(text is None for text in given):
        raise UsageError("Nothing to change was given.", "Use --good, --bad or --prompt.")
    if given.count("-") > 1:
        raise UsageError("Only one text can be read from stdin.", "Give the others on the command line.")
    read = [sys.stdin.read().rstrip("\n") if text == "-" else text for text in given]
    with session.writing("edit") as library:
        changes = curation.edit_pair(
            library, pair_id, good=read[0], bad=read[1], prompt=None if read[2] is None else user(read[2])
        )
    _report(session, changes, f"Pair {pair_id} is changed.")


def undo(home: Home = None, json: Json = False) -> None:
    """Take back the last accept, reject, edit or import."""
    session = Session(home, json)
    with session.writing("undo") as library:
        changes = curation.undo(library)
    _report(session, changes, f"Taken back: {changes.undo_label} ({counted(len(changes.pairs), 'pair')}).")


def _decide(
    session: Session, state: PairState, ids: list[int], all_pending: bool, min_confidence: float | None
) -> None:
    if bool(ids) == all_pending:
        raise UsageError("Say which pairs.", "Give their ids, or --all-pending.")
    if ids and min_confidence is not None:
        raise UsageError("--min-confidence goes with --all-pending, not with ids.")
    with session.writing(state.value) as library:
        if ids:
            changes = curation.decide(library, ids, state, Decider.PERSON)
        else:
            changes = curation.decide_all_pending(library, state, min_confidence)
    _report(session, changes, f"{counted(len(changes.pairs), 'pair')} {state.value}.")


def _report(session: Session, changes: Changes, text: str) -> None:
    record = {"changed": as_json(changes.pairs), "count": len(changes.pairs), "undo": changes.undo_label}
    session.result(record, lambda out: out.print(text, markup=False, highlight=False))


def _show(out: Console, found: list[Pair], counts: dict[str, int]) -> None:
    shown = table(">Id", "State", ">Gain", ">Conf.", "Prompt", "Good", "Bad", "Lint")
    for pair in found:
        shown.add_row(
            str(pair.id),
            pair.state.value,
            figure(pair.margin, 2),
            figure(pair.confidence, 2),
            _preview(pair.prompt[-1].content if pair.prompt else ""),
            _preview(pair.good),
            _preview(pair.bad),
            ", ".join(pair.lint),
        )
    out.print(shown)
    out.print(", ".join(f"{count} {state}" for state, count in counts.items()) + ".", highlight=False)


def _preview(text: str | None) -> str:
    if text is None:
        return "–"
    line = " ".join(text.split()).replace("[", "\\[")
    return line if len(line) <= PREVIEW else line[: PREVIEW - 1] + "…"
