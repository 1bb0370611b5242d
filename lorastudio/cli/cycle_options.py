"""What a person may choose for a cycle, as options of the command line."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from lorastudio.domain.errors import KnownError, UsageError
from lorastudio.services.drafting.settings import CALIBRATE_EVERY, DraftingSettings
from lorastudio.services.questions import CycleChoices

Command = Callable[..., None]

_USUAL = DraftingSettings()
# Name, type, default and what `--help` says, in its order.
OPTIONS: tuple[tuple[str, Any, Any, str], ...] = (
    ("rubric", str, "", "What the critic scores by: general, scientific, code, translation, or one of your own."),
    ("checks", str, "", 'Checks in code for every question: a JSON object such as {"max_words": 200}, or a file.'),
    ("critiques", int, _USUAL.critiques_per_draft, "Critiques of each draft; their medians count."),
    ("target_score", float | None, None, "A draft with this score (0 to 1) and no severe issue ends its question."),
    ("least_gain", float, _USUAL.least_gain, "Two rounds in a row that gain less end a question."),
    ("budget_tokens", int | None, None, "Tokens that the cycle may read and write at most."),
    ("budget_usd", float | None, None, "US dollars that it may cost at most, at the endpoints' prices."),
    ("budget_minutes", float | None, None, "Minutes after which no further call leaves."),
    ("judge", bool, True, "Compare the best draft with the first one in both orders."),
    (
        "calibrate_every",
        int,
        CALIBRATE_EVERY,
        "Show the critic a planted fault in one good draft of so many; 0: never.",
    ),
    ("temperature", float | None, None, "How freely the writer writes. Default: its endpoint's, else 0.8."),
    ("max_tokens", int, _USUAL.max_tokens, "Tokens of a draft at most."),
    ("critic_max_tokens", int, _USUAL.critic_max_tokens, "Tokens of a critique at most."),
    ("constraints", str, "", "Words added to every task."),
    ("words", str, "", "Length of an answer in words, as 150-300."),
)


def with_choices(command: Command) -> Command:
    """Give a command with a `**settings` parameter the options; `choices_of` reads what arrives there."""
    own = inspect.signature(command, eval_str=True).parameters.values()
    named = [parameter for parameter in own if parameter.kind is not inspect.Parameter.VAR_KEYWORD]
    added = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=default,
            annotation=Annotated[kind, typer.Option(_flag(name), help=text)],
        )
        for name, kind, default, text in OPTIONS
    ]

    @wraps(command)  # not the command itself: a program that is built twice would get the options twice
    def with_options(**values: Any) -> None:
        command(**values)

    # Typer reads a command's parameters from its signature.
    with_options.__signature__ = inspect.Signature([*named, *added])  # type: ignore[attr-defined]
    return with_options


def differing(options: Mapping[str, Any]) -> str:
    """The first option that was given another value than its usual one, empty when there is none."""
    usual = {name: default for name, _, default, _ in OPTIONS}
    return next((_flag(name).partition("/")[0] for name, value in options.items() if value != usual[name]), "")


def choices_of(options: Mapping[str, Any], **fixed: Any) -> CycleChoices:
    """What the options ask for, with the `fixed` fields of `CycleChoices`; `UsageError` for what can't be."""
    minutes = options["budget_minutes"]
    settings = DraftingSettings(
        target_score=options["target_score"],
        least_gain=options["least_gain"],
        critiques_per_draft=options["critiques"],
        budget_tokens=options["budget_tokens"],
        budget_usd=options["budget_usd"],
        budget_s=None if minutes is None else minutes * 60,
        judge_final=options["judge"],
        calibrate_every=options["calibrate_every"],
        temperature=options["temperature"],
        max_tokens=options["max_tokens"],
        critic_max_tokens=options["critic_max_tokens"],
        constraints=options["constraints"],
        words=_words(options["words"]),
    )
    settings.refuse_nonsense()
    return CycleChoices(settings=settings, checks=_checks(options["checks"]), rubric=options["rubric"], **fixed)


def read_json(source: str, what: str) -> Any:
    """JSON given as it is, or as the name of a file that holds it."""
    text = source
    if not source.lstrip().startswith(("{", "[")):
        try:
            text = Path(source).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise KnownError(f"{what} in {source} can't be read: {error}.", "Check the name.") from error
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{what} is no valid JSON: {error}.", "Mend it and try again.") from error


def _checks(source: str) -> dict[str, Any]:
    if not source:
        return {}
    record = read_json(source, "The checks")
    if not isinstance(record, dict):
        raise UsageError("Checks are a JSON object.", 'Write {"max_words": 200, "citations": 1}.')
    return record


def _words(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    least, dash, most = text.partition("-")
    if not (dash and least.strip().isdecimal() and most.strip().isdecimal()):
        raise UsageError(f"--words is {text!r}.", "Write it as 150-300.")
    return int(least), int(most)


def _flag(name: str) -> str:
    flag = f"--{name.replace('_', '-')}"
    return f"{flag}/--no-{name}" if name == "judge" else flag
