"""`lorastudio verify` and `lorastudio verified …`: several teachers asked, and what a quorum of them agrees on."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from lorastudio.cli.narration import Narrator
from lorastudio.cli.options import with_options
from lorastudio.cli.session import Home, Json, Session, counted, figure, table
from lorastudio.domain.errors import KnownError, UsageError
from lorastudio.domain.verification_events import VerificationFinished
from lorastudio.domain.verified import Method, Outcome, Verification, VerifiedResponse
from lorastudio.services.questions import read_questions
from lorastudio.services.verification.exporting import MIN_CONFIDENCE, export_verified, response_record
from lorastudio.services.verification.settings import VerificationSettings
from lorastudio.services.verification.verifying import (
    Begun,
    abandon_verification,
    continue_verification,
    run_verification,
    start_verification,
    unfinished_verifications,
)
from lorastudio.store.library import Library
from lorastudio.store.verified import get_verified, list_verifications, list_verified

SHOWN_CHARACTERS = 80
SECONDS_PER_MINUTE = 60
_USUAL = VerificationSettings()

# Name, type, default, flag and what `--help` says, in its order.
OPTIONS: tuple[tuple[str, Any, Any, str, str], ...] = (
    (
        "method",
        Method,
        _USUAL.method,
        "--method",
        "short: compare results; cross: teachers judge one another's answers; auto: as needed.",
    ),
    ("review", bool, False, "--review", "Let all pairs wait for review."),
    ("patience_s", float, _USUAL.patience_s, "--patience", "Seconds for one answer at most."),
    ("max_tokens", int, _USUAL.max_tokens, "--max-tokens", "Tokens of an answer at most."),
    ("budget_tokens", int | None, None, "--budget-tokens", "Tokens to read and write at most."),
    ("budget_usd", float | None, None, "--budget-usd", "US dollars at most, at the endpoints' prices."),
    ("budget_minutes", float | None, None, "--budget-minutes", "Minutes after which no further call leaves."),
)
MinConfidence = Annotated[
    float, typer.Option("--min-confidence", min=0.0, max=1.0, help="Only responses with at least this confidence.")
]


def register(app: typer.Typer) -> None:
    options = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=default,
            annotation=Annotated[kind, typer.Option(flag, help=text)],
        )
        for name, kind, default, flag, text in OPTIONS
    ]
    app.command("verify")(with_options(verify, options))
    group = typer.Typer(help="Responses that a quorum of teachers agrees on.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("show")(show)
    group.command("export")(export)
    app.add_typer(group, name="verified")


def verify(
    questions: Annotated[list[str] | None, typer.Argument(help="Questions to put to the teachers.")] = None,
    file: Annotated[
        Path | None, typer.Option("--questions", help="A file of questions: one a line, or JSONL with a question each.")
    ] = None,
    quorum: Annotated[
        int | None, typer.Option(help="How many teachers must agree, more than half of them (default: just that).")
    ] = None,
    teacher: Annotated[
        list[str] | None, typer.Option("--teacher", help="A teacher to ask; may be repeated (default: all).")
    ] = None,
    against_writer: Annotated[
        bool, typer.Option("--against-writer", help="Ask the writer too: where it differs, its answer is the bad one.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="The same seed asks for the same answers.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the unfinished verification.")] = False,
    abandon: Annotated[bool, typer.Option("--abandon", help="Leave unfinished verifications as they are.")] = False,
    home: Home = None,
    json: Json = False,
    **settings: Any,
) -> None:
    """Ask several teachers the same and keep what a quorum of them agrees on. Agreement is not truth."""
    session = Session(home, json)
    texts = list(questions or [])
    if [bool(texts) or file is not None, resume, abandon].count(True) != 1:
        raise UsageError(
            "It is not clear what is to be verified.",
            "Give questions or --questions FILE for a new verification, or --resume, or --abandon.",
        )
    if abandon:
        _abandon(session)
        return
    with session.writing("verify") as library:
        if resume:
            _run(session, library, continue_verification(library, _caps(settings)))
            return
        begun = start_verification(
            library,
            read_questions(texts, file, library),
            quorum=quorum,
            teachers=teacher or (),
            against_writer=against_writer,
            settings=_settings(settings),
            seed=seed,
        )
        _warn(session, begun)
        _run(session, library, begun.verification)


def list_(
    min_confidence: MinConfidence = 0.0,
    all_: Annotated[bool, typer.Option("--all", help="Also questions without a quorum.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    after: Annotated[int, typer.Option(min=0, help="Only those with a greater id.")] = 0,
    home: Home = None,
    json: Json = False,
) -> None:
    """List verified responses, and the verifications that they came from."""
    session = Session(home, json)
    with session.reading() as library:
        outcome = None if all_ else Outcome.AGREED
        found = list_verified(library, min_confidence=min_confidence, outcome=outcome, after_id=after, limit=limit)
        rounds = list_verifications(library)
    record = {"verified": [response_record(item) for item in found], "verifications": rounds}
    session.result(record, lambda out: _show_list(out, found, rounds))


def show(
    verified_id: Annotated[int, typer.Argument(metavar="ID", help="As `lorastudio verified list` shows it.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Show a response with every teacher's answer and who stands behind it."""
    session = Session(home, json)
    with session.reading() as library:
        found = get_verified(library, verified_id)
    session.result(response_record(found), lambda out: _show_one(out, found))


def export(
    out: Annotated[Path, typer.Argument(metavar="OUT.jsonl[.gz]", help="The file to write.")],
    min_confidence: MinConfidence = MIN_CONFIDENCE,
    home: Home = None,
    json: Json = False,
) -> None:
    """Write the responses that a quorum stands behind to a file, one JSON object a line."""
    session = Session(home, json)
    with session.reading() as library:
        written = export_verified(library, out, min_confidence)
    session.result(
        {"path": str(out), "verified": written, "min_confidence": min_confidence},
        lambda console: console.print(f"{counted(written, 'verified response')} written to {out}."),
    )


def _settings(options: Mapping[str, Any]) -> VerificationSettings:
    chosen = {name: options[name] for name in ("method", "patience_s", "max_tokens")}
    return VerificationSettings.from_record({**chosen, "accept": not options["review"], **_caps(options)})


def _caps(options: Mapping[str, Any]) -> dict[str, Any]:
    """The budgets that were given."""
    minutes = options["budget_minutes"]
    caps = {
        "budget_tokens": options["budget_tokens"],
        "budget_usd": options["budget_usd"],
        "budget_s": None if minutes is None else minutes * SECONDS_PER_MINUTE,
    }
    return {name: cap for name, cap in caps.items() if cap is not None}


def _run(session: Session, library: Library, chosen: Verification) -> None:
    done: VerificationFinished | None = None
    with session.servers(library) as servers, Narrator(session) as narrator:
        try:
            for event in session.stream(run_verification(library, chosen.id, servers, session.cancel)):
                narrator.tell(event)
                if isinstance(event, VerificationFinished):
                    done = event
            session.cancel.check()
        except BaseException:
            session.note("The verification is kept: `lorastudio verify --resume` goes on.")
            raise
    if done is None:
        return
    if not session.json:
        session.out.print(_summary(done))
    _refuse_unanswered(done)


def _refuse_unanswered(done: VerificationFinished) -> None:
    if done.waiting:
        raise KnownError(
            f"The budget is used up, and {counted(done.waiting, 'question')} still wait.",
            "`lorastudio verify --resume --budget-tokens N` (or -usd, -minutes) goes on with a larger one.",
        )
    if done.too_few and not done.agreed and not done.disagreed:
        raise KnownError(
            f"Too few teachers answered: no question has a quorum ({done.too_few} asked).",
            "`lorastudio endpoint test NAME` tells what is wrong with one; then `lorastudio verify --resume`.",
        )


def _warn(session: Session, begun: Begun) -> None:
    if begun.gate_questions:
        session.warn(
            f"{counted(begun.gate_questions, 'gate question')} left out: they are never asked of teachers "
            "and never trained on."
        )


def _abandon(session: Session) -> None:
    with session.writing("verify") as library:
        left = [waiting.id for waiting in unfinished_verifications(library)]
        for verification_id in left:
            abandon_verification(library, verification_id)
    named = ", ".join(map(str, left))
    text = f"Left as they are: verification {named}." if left else "There is no unfinished verification."
    session.result({"abandoned": left}, lambda out: out.print(text))


def _summary(done: VerificationFinished) -> str:
    return (
        f"Verification {done.verification_id}: a quorum agrees on {done.agreed} of "
        f"{counted(done.agreed + done.disagreed + done.too_few + done.waiting, 'question')}; "
        f"{counted(len(done.pairs), 'pair')} added."
    )


def _show_list(out: Console, found: list[VerifiedResponse], rounds: list[Verification]) -> None:
    shown = table(">Id", "Agreement", ">Conf.", "Date", "Question", "Answer")
    for item in found:
        shown.add_row(
            str(item.query.id),
            item.agreement if item.finding.outcome is Outcome.AGREED else item.finding.outcome.value,
            figure(item.finding.confidence, 2),
            item.date,
            _preview(item.query.text),
            _preview(item.finding.answer),
        )
    out.print(shown)
    for verification in rounds:
        out.print(f"Verification {verification.id}, {verification.state.value}: {verification.quorum.stands()}")


def _show_one(out: Console, found: VerifiedResponse) -> None:
    out.print(found.query.text, style="bold")
    out.print(f"{found.agreement}; confidence {figure(found.finding.confidence, 2)}, {found.date}.")
    out.print(found.quorum.stands())
    for answer in found.finding.answers:
        behind = f"behind it: {', '.join(answer.supporters)}" if answer.supporters else "no vote"
        out.print(f"  {answer.teacher} ({behind}): {answer.text or '–'} {answer.note}".rstrip())
    if found.finding.writer_answer is not None:
        differs = "differs" if found.finding.writer_differs else "does not surely differ"
        out.print(f"  the writer ({differs}): {found.finding.writer_answer}")


def _preview(text: str | None) -> str:
    line = " ".join((text or "–").split())
    return line if len(line) <= SHOWN_CHARACTERS else line[: SHOWN_CHARACTERS - 1] + "…"
