"""`lorastudio demo`: the closed loop in the practice world."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lorastudio.cli.narration import Narrator
from lorastudio.cli.session import Home, Json, Session, figure, table
from lorastudio.domain.cycle_events import DemoFinished, DemoRow
from lorastudio.domain.errors import BugError
from lorastudio.paths import home_is_chosen
from lorastudio.services.demo import run_demo
from lorastudio.services.practice import QUESTIONS_PER_CYCLE


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    cycles: Annotated[int, typer.Option(min=1, max=50, help="How many cycles to run.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same figures.")] = 0,
    questions: Annotated[int, typer.Option(min=1, max=200, help="Questions per cycle.")] = QUESTIONS_PER_CYCLE,
    home: Home = None,
    json: Json = False,
) -> None:
    """Run the whole loop in the practice world: no network, no set-up.

    A fresh temporary library is used unless --home or LORASTUDIO_HOME is given; there an interrupted demo
    goes on where it stopped.
    """
    if home is None and not home_is_chosen():
        folder = Path(tempfile.mkdtemp(prefix="lorastudio-demo-"))
        try:
            _demo(Session(folder, json), cycles, seed, questions)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    else:
        _demo(Session(home, json), cycles, seed, questions)


def _demo(session: Session, cycles: int, seed: int, questions: int) -> None:
    finished: DemoFinished | None = None
    rows: list[DemoRow] = []
    with session.writing("demo") as library, session.servers(library) as servers, Narrator(session) as narrator:
        for event in run_demo(
            library, servers, cycle_count=cycles, seed=seed, cancel=session.cancel, questions=questions
        ):
            narrator.tell(event)
            if isinstance(event, DemoRow):
                rows.append(event)
            if isinstance(event, DemoFinished):
                finished = event
    if finished is None:
        raise BugError("The demo ended without its figures.")
    record = finished.record
    session.result(record, lambda out: _show(out, rows, record))


def _show(out: Console, rows: list[DemoRow], record: dict[str, object]) -> None:
    shown = table(
        ">Cycle", ">Pairs", ">Quality", ">Perfect", ">Prefers good", ">Canaries", "Version", "Verdict", "Live"
    )
    for row in rows:
        shown.add_row(
            str(row.cycle),
            str(row.pairs),
            figure(row.quality),
            figure(row.perfect),
            figure(row.preference_accuracy),
            figure(row.canary),
            "base" if row.cycle == 0 else (str(row.version) if row.version else "–"),
            row.verdict or "",
            "deployed" if row.deployed else "",
        )
    out.print(shown)
    proof = "proved by probes" if record["rolled_back_ok"] else "FAILED"
    out.print(f"Live: version {record['live_version']}. Rolled back and forth: {proof}. {record['elapsed_s']} s.")
