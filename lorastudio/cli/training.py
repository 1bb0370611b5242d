"""`lorastudio train | resume | keep | discard | runs`.

With `--json`, `train`, `resume` and `keep` print one event a line (`domain.training_events`): `started`, `phase`,
`progress`, `warning`, `data` (what is trained on), `plan` (the memory it will take), `step` for every optimiser
step, `eval` with sampled answers, `saved`, and `done` or an error at the end. The fields of `data`, `plan` and `step`
are those of `training.protocol`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from lorastudio.cli.models import fetch_base
from lorastudio.cli.narration import Narrator
from lorastudio.cli.recipe_options import recipe_of, with_recipe
from lorastudio.cli.session import Home, Json, Session, figure, table
from lorastudio.domain.errors import Cancelled
from lorastudio.domain.events import Event, Warned, as_record
from lorastudio.domain.sizes import size_in_words
from lorastudio.domain.training_events import TrainingDone
from lorastudio.services.base_models import default_base
from lorastudio.services.memory_plans import plan_training
from lorastudio.services.safer_retry import make_safer
from lorastudio.services.training_runs import (
    discard_run,
    keep_run,
    latest_resumable,
    prepare_run,
    readiness_warnings,
    train_run,
)
from lorastudio.store import runs as stored_runs
from lorastudio.store.library import Library
from lorastudio.training.config import TrainConfig
from lorastudio.training.hosts import HostList
from lorastudio.training.memory_words import PARTS, plan_line, plan_warning
from lorastudio.training.protocol import Ending

ENDINGS = {
    Ending.COMPLETE: "",
    Ending.EARLY: " (it stopped early, when it got no better)",
    Ending.KEPT: " (kept as it was when it was stopped)",
}


Hosts = Annotated[
    Path | None,
    typer.Option(
        "--hosts",
        help="Train on several machines: a hostfile of mlx.launch, this machine first. The others need this program "
        "and the base model in the same places.",
        metavar="FILE",
    ),
]


def register(app: typer.Typer) -> None:
    app.command("train")(with_recipe(train))
    app.command("resume")(resume)
    app.command("keep")(keep)
    app.command("discard")(discard)
    app.command("runs")(runs)


def train(
    base: Annotated[
        str | None, typer.Option(help="Base model: a folder, a hub name (downloaded if need be), or practice.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="Train on this file alone; the library's pairs stay untouched.")
    ] = None,
    hosts: Hosts = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Only tell how much memory it would take, and what would take less.")
    ] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Try even what can't fit into this machine's memory.")
    ] = False,
    home: Home = None,
    json: Json = False,
    **settings: Any,
) -> None:
    """Train a LoRA adapter on the accepted pairs, or on a file; the result is a new version.

    Ctrl-C pauses: `lorastudio resume` goes on, `lorastudio keep` makes a version of what was learnt so far.
    """
    config = recipe_of(settings)
    together = _read(hosts)
    session = Session(home, json)
    if base is not None:
        fetch_base(session, base)
    if plan:
        _show_plan(session, config, base, source)
        return
    with session.writing("train") as library:
        _follow(session, _prepare_and_train(session, library, config, base, source, together, anyway))


def resume(
    run: Annotated[int | None, typer.Argument(help="The run to continue; default: the newest unfinished one.")] = None,
    safer: Annotated[
        bool, typer.Option("--safer", help="In smaller pieces: less memory, more time, the same result.")
    ] = False,
    hosts: Hosts = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Continue a stopped or crashed run from its last checkpoint; on the hosts that it had, on others, or alone."""
    together = _read(hosts)
    session = Session(home, json)
    with session.writing("resume") as library:
        chosen = latest_resumable(library).id if run is None else run
        if safer:
            make_safer(library, chosen)
        _follow(session, train_run(library, chosen, session.cancel, hosts=together))


def keep(
    run: Annotated[int | None, typer.Argument(help="The unfinished run; default: the newest one.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """End an unfinished run here: what it has learnt up to its last checkpoint becomes a version."""
    session = Session(home, json)
    with session.writing("keep") as library:
        chosen = latest_resumable(library).id if run is None else run
        _follow(session, keep_run(library, chosen, session.cancel))


def discard(
    run: Annotated[int, typer.Argument(help="The unfinished run to give up.")], home: Home = None, json: Json = False
) -> None:
    """Give up an unfinished run: its checkpoints go, its curves stay."""
    session = Session(home, json)
    with session.writing("discard") as library:
        changes = discard_run(library, run)
    session.result(changes, lambda out: out.print(f"Run {run} is discarded."))


def runs(home: Home = None, json: Json = False) -> None:
    """List training runs."""
    session = Session(home, json)
    with session.reading() as library:
        found = stored_runs.list_runs(library)
    shown = table(">Run", "State", "Objective", ">Examples", "Base", ">Version", "Created", "Error")
    for item in found:
        shown.add_row(
            str(item.id),
            item.state.value,
            str(item.config.get("objective", "")),
            str(item.num_examples),
            item.base_model,
            str(item.reserved_version or "–"),
            item.created_at,
            item.error,
        )
    session.result({"runs": found}, lambda out: out.print(shown))


def _prepare_and_train(
    session: Session,
    library: Library,
    config: TrainConfig,
    base: str | None,
    source: Path | None,
    hosts: HostList | None,
    anyway: bool,
) -> Iterator[Event]:
    if source is None:
        yield from (Warned(text) for text in readiness_warnings(library))
    run = prepare_run(library, config, base=base or default_base(library), source=source)
    yield from train_run(library, run.id, session.cancel, hosts=hosts, anyway=anyway)


def _show_plan(session: Session, config: TrainConfig, base: str | None, source: Path | None) -> None:
    with session.reading() as library:
        planned = plan_training(library, config, base or default_base(library), source, session.cancel)
    parts = table("Part", ">Memory")
    for name, size in planned.figures["parts"].items():
        parts.add_row(PARTS[name], size_in_words(size))

    def show(out: Console) -> None:
        out.print(parts)
        out.print(plan_line(planned.figures), highlight=False)
        if warning := plan_warning(planned.figures):
            out.print(warning, highlight=False)

    session.result(as_record(planned), show)


def _follow(session: Session, events: Iterator[Event]) -> None:
    with Narrator(session) as narrator:
        try:
            for event in session.stream(events):
                narrator.tell(event)
                if isinstance(event, TrainingDone) and not session.json:
                    narrator.finish()
                    _show_done(session, event)
        except Cancelled as error:
            raise Cancelled(
                error.message, "`lorastudio resume` goes on; `lorastudio keep` ends the run with what it has learnt."
            ) from error


def _show_done(session: Session, done: TrainingDone) -> None:
    session.out.print(
        f"Version {done.version} is trained{ENDINGS[Ending(done.ended)]}: loss {figure(done.final_loss)}, prefers the "
        f"good answer {figure(done.validation_accuracy)}. Judge it with `lorastudio gate {done.version}`.",
        highlight=False,
    )


def _read(hosts: Path | None) -> HostList | None:
    return None if hosts is None else HostList.read(hosts)
