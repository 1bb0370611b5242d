"""`lorastudio critic check | report`: how well critics see planted faults, and what they blame without reason."""

from __future__ import annotations

from typing import Annotated

import typer

from lorastudio.cli.narration import Narrator
from lorastudio.cli.session import Home, Json, Session, figure, table
from lorastudio.services.critic_check import USUAL_ANSWERS, check_critic, critic_records


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="How far the critics can be trusted.", no_args_is_help=True)
    group.command("check")(check)
    group.command("report")(report)
    app.add_typer(group, name="critic")


def check(
    name: Annotated[str | None, typer.Argument(help="The critic's endpoint; default: the one in use.")] = None,
    answers: Annotated[int, typer.Option(min=1, max=200, help="Good answers to show it.")] = USUAL_ANSWERS,
    home: Home = None,
    json: Json = False,
) -> None:
    """Show a critic good answers, unchanged and with planted faults, and report what it found.

    With --json one event a line: `critic_tried` for each answer, `critic_reported` at the end, and a `warning`
    when the critic can't be trusted. The trials are kept, with those that cycles make.
    """
    session = Session(home, json)
    with session.writing("critic check") as library, session.servers(library) as servers, Narrator(session) as narrator:
        for event in session.stream(check_critic(library, servers, session.cancel, name=name, answers=answers)):
            narrator.tell(event)


def report(home: Home = None, json: Json = False) -> None:
    """Show how each critic did in all its trials so far."""
    session = Session(home, json)
    with session.reading() as library:
        records = critic_records(library)
    shown = table("Critic", "Model", ">Found", ">Planted", ">Blamed", ">Unchanged", ">Unreadable", "Missed most", "")
    for record in records:
        missed = [name for name, (found, planted) in record.kinds.items() if found * 2 < planted]
        shown.add_row(
            record.critic,
            record.model,
            f"{record.found} ({figure(record.hit_rate, 2)})",
            str(record.planted),
            f"{record.alarms} ({figure(record.alarm_rate, 2)})",
            str(record.controls),
            str(record.unreadable),
            ", ".join(missed),
            "; ".join(record.complaints),
        )
    rows = [
        {
            "critic": record.critic,
            "model": record.model,
            "planted": record.planted,
            "found": record.found,
            "hit_rate": record.hit_rate,
            "controls": record.controls,
            "alarms": record.alarms,
            "alarm_rate": record.alarm_rate,
            "unreadable": record.unreadable,
            "kinds": record.kinds,
            "complaints": record.complaints,
        }
        for record in records
    ]
    session.result({"critics": rows}, lambda out: out.print(shown))
