"""`lorastudio pairs [count | decide] | accept | reject | edit`: what a person looks at and decides about pairs."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from lorastudio.cli import history, reshaping
from lorastudio.cli.pair_filters import filter_of, is_filter_given, with_filter
from lorastudio.cli.pair_tables import report_changes, show_counts, show_pairs
from lorastudio.cli.session import Home, Json, Session, counted
from lorastudio.domain.errors import UsageError
from lorastudio.domain.events import as_json
from lorastudio.domain.messages import user
from lorastudio.domain.pair import Decider, PairOrder, PairState
from lorastudio.services import curation
from lorastudio.store.pair_listing import PairFacet, count_by, count_pairs

Ids = Annotated[list[int] | None, typer.Argument(help="Ids of pairs, as `lorastudio pairs` shows them.")]
AllPending = Annotated[bool, typer.Option("--all-pending", help="Every pair that waits.")]
LeastConfidence = Annotated[
    float | None, typer.Option("--min-confidence", min=0.0, max=1.0, help="Only pairs with at least this confidence.")
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="List pairs; with a verb: count, decide in bulk, swap, split, merge, history.")
    group.callback(invoke_without_command=True)(with_filter(pairs))
    group.command("count")(with_filter(count))
    group.command("decide")(with_filter(decide))
    reshaping.register(group)
    history.register(app, group)
    app.add_typer(group, name="pairs")
    app.command("accept")(accept)
    app.command("reject")(reject)
    app.command("edit")(edit)


def pairs(
    context: typer.Context,
    order: Annotated[PairOrder, typer.Option(help="In which order.")] = PairOrder.ARRIVAL,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    after: Annotated[int, typer.Option(min=0, help="Go on after the pair with this id.")] = 0,
    home: Home = None,
    json: Json = False,
    **filters: Any,
) -> None:
    """List pairs; counts are of all pairs in the library."""
    if context.invoked_subcommand is not None:
        if is_filter_given(filters) or home is not None or json:
            raise UsageError(
                "Options go after the verb.", f"Try `lorastudio pairs {context.invoked_subcommand} --help`."
            )
        return
    session = Session(home, json)
    with session.reading() as library:
        chosen = filter_of(library, filters)
        found = curation.find_pairs(library, chosen, order=order, limit=limit, after_id=after)
        counts = {key.value: count for key, count in count_pairs(library).items()}
    shown = [as_json(item.pair) | {"calibrated_confidence": item.worth} for item in found]
    record: dict[str, Any] = {"pairs": shown, "counts": counts}
    if chosen.search:
        record["snippets"] = {str(item.pair.id): as_json(item.snippets) for item in found}
    session.result(record, lambda out: show_pairs(out, found, counts))


def count(
    by: Annotated[PairFacet, typer.Option(help="Count them by what.")] = PairFacet.STATE,
    home: Home = None,
    json: Json = False,
    **filters: Any,
) -> None:
    """Count the pairs that a filter means."""
    session = Session(home, json)
    with session.reading() as library:
        counts = count_by(library, by, filter_of(library, filters))
    session.result(
        {"by": by.value, "counts": counts, "total": sum(counts.values())}, lambda out: show_counts(out, counts)
    )


def decide(
    state: Annotated[PairState, typer.Argument(help="The state that they get.")],
    everything: Annotated[bool, typer.Option("--all", help="Every pair, where no filter is given.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell how many there are.")] = False,
    home: Home = None,
    json: Json = False,
    **filters: Any,
) -> None:
    """Decide on all pairs that a filter means, as one undo step; count them first with --dry-run."""
    session = Session(home, json)
    if is_filter_given(filters) == everything:
        raise UsageError("Say which pairs.", "Give a filter, or --all.")
    if dry_run:
        with session.reading() as library:
            counts = {key.value: n for key, n in count_pairs(library, filter_of(library, filters)).items()}
        total = sum(counts.values())
        session.result(
            {"count": total, "counts": counts, "dry_run": True},
            lambda out: out.print(f"{counted(total, 'pair')} would be {state.value}.", highlight=False),
        )
        return
    with session.writing("pairs decide") as library:
        changes = curation.decide_filtered(library, filter_of(library, filters), state)
    report_changes(session, changes, f"{counted(len(changes.pairs), 'pair')} {state.value}.")


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
    report_changes(session, changes, f"Pair {pair_id} is changed.")


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
    report_changes(session, changes, f"{counted(len(changes.pairs), 'pair')} {state.value}.")
