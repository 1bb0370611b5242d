"""`lorastudio cycle` and `lorastudio gate-questions`: drafting, and what is kept out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lorastudio.cli.cycle_options import choices_of, differing, with_choices
from lorastudio.cli.drafting_words import estimate_lines
from lorastudio.cli.narration import Narrator
from lorastudio.cli.session import Home, Json, Session, counted, table
from lorastudio.domain.cycle_events import CycleDone, QuestionsSetAside
from lorastudio.domain.draft import Cycle
from lorastudio.domain.errors import UsageError
from lorastudio.domain.events import as_record
from lorastudio.services.cycle import abandon as leave
from lorastudio.services.cycle import run_cycle
from lorastudio.services.questions import (
    CycleChoices,
    add_gate_file,
    continue_cycle,
    estimate_start,
    read_questions,
    start_cycle,
    unfinished_cycles,
)
from lorastudio.services.servers import LocalServers
from lorastudio.store.gate_questions import list_gate_questions
from lorastudio.store.library import Library


def register(app: typer.Typer) -> None:
    app.command("cycle")(with_choices(cycle))
    app.command("gate-questions")(gate_questions)


def cycle(
    questions: Annotated[list[str] | None, typer.Argument(help="Questions to draft answers to.")] = None,
    file: Annotated[
        Path | None, typer.Option("--questions", help="A file of questions: one a line, or JSONL with a question each.")
    ] = None,
    max_iterations: Annotated[int, typer.Option(min=1, max=6, help="Drafts per question at most.")] = 6,
    train: Annotated[bool, typer.Option("--train", help="Go on: accept by confidence, train, gate, deploy.")] = False,
    writer: Annotated[
        str | None, typer.Option(help="An endpoint to write instead of the live version (or the newest writer).")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed asks for the same drafts.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the unfinished cycle.")] = False,
    abandon: Annotated[bool, typer.Option("--abandon", help="Leave unfinished cycles as they are.")] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Only tell what it would take: calls, tokens, money and time.")
    ] = False,
    home: Home = None,
    json: Json = False,
    **settings: Any,
) -> None:
    """Draft, criticise and revise answers to questions, and extract pairs from the drafts.

    What it will take at most and probably is told before the first call leaves. A question in a JSONL file may
    bring its own "checks" and "rubric".
    """
    session = Session(home, json)
    texts = list(questions or [])
    new = bool(texts) or file is not None
    if [new, resume, abandon].count(True) != 1 or (estimate and not new):
        raise UsageError(
            "It is not clear which cycle is meant.",
            "Give questions or --questions FILE for a new one (and --estimate), or --resume, or --abandon.",
        )
    if abandon:
        _abandon(session)
        return
    if resume and differing(settings):
        raise UsageError(
            f"A cycle goes on with what it began with; it can't get another {differing(settings)}.",
            "Leave that out, or start a new cycle.",
        )
    choices = choices_of(settings, seed=seed, max_iterations=max_iterations, train=train, writer=writer)
    if estimate:
        _estimate(session, texts, file, choices)
        return
    with session.writing("cycle") as library, session.servers(library) as servers, Narrator(session) as narrator:
        if resume:
            chosen = continue_cycle(library)
        else:
            chosen, aside = start_cycle(library, read_questions(texts, file, library), choices)
            if aside:
                narrator.tell(QuestionsSetAside(aside))
        _run(session, library, chosen, servers, narrator)


def _estimate(session: Session, texts: list[str], file: Path | None, choices: CycleChoices) -> None:
    with session.reading() as library:
        told = estimate_start(library, read_questions(texts, file, library), choices)
    session.result(as_record(told), lambda out: out.print("\n".join(estimate_lines(told)), highlight=False))


def _run(session: Session, library: Library, chosen: Cycle, servers: LocalServers, narrator: Narrator) -> None:
    try:
        for event in session.stream(run_cycle(library, chosen.id, servers, session.cancel)):
            narrator.tell(event)
            if isinstance(event, CycleDone) and not session.json:
                narrator.finish()
                session.out.print(_summary(event))
    except BaseException:
        session.note("The cycle is kept: `lorastudio cycle --resume` goes on.")
        raise


def _abandon(session: Session) -> None:
    with session.writing("cycle") as library:
        left = [waiting.id for waiting in unfinished_cycles(library)]
        for cycle_id in left:
            leave(library, cycle_id)
    named = ", ".join(map(str, left))
    text = f"Left as they are, with their drafts and pairs: cycle {named}." if left else "There is no unfinished cycle."
    session.result({"abandoned": left}, lambda out: out.print(text, highlight=False))


def _summary(done: CycleDone) -> str:
    text = f"Cycle {done.cycle}: {counted(done.questions, 'question')}, {counted(done.pairs, 'pair')}."
    if done.version is not None:
        text += f" Version {done.version}: {done.verdict or 'not judged'}{', deployed' if done.deployed else ''}."
    return text


def gate_questions(
    file: Annotated[Path | None, typer.Argument(help="Add the questions in this file; without it, list them.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """List or add the questions that only the gate may read; they are never drafted or trained on."""
    session = Session(home, json)
    if file is not None:
        with session.writing("gate-questions") as library:
            added = add_gate_file(library, file)
            total = len(list_gate_questions(library))
        session.result({"added": added, "total": total}, lambda out: out.print(f"Added {added}; {total} in all."))
        return
    with session.reading() as library:
        present = list_gate_questions(library)
    shown = table(">Id", "Language", "Question")
    for question in present:
        shown.add_row(str(question.id), question.language, question.text)
    session.result({"questions": present, "total": len(present)}, lambda out: out.print(shown))
