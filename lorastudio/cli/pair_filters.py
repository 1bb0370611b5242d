"""A filter of pairs as options of the command line: one for each field of `PairFilter`, and one for a saved filter."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Annotated, Any

import typer

from lorastudio.domain.pair import Decider, Origin, PairState, Split
from lorastudio.domain.pair_filter import EVERY_PAIR, PairFilter
from lorastudio.store.library import Library
from lorastudio.store.saved_filters import get_filter

Command = Callable[..., None]

FIGURE = {"min": 0.0, "max": 1.0}
# Field, flag, type and what `--help` says, in its order.
OPTIONS: tuple[tuple[str, str, Any, str, dict[str, Any]], ...] = (
    ("states", "--state", list[PairState] | None, "Only pairs in this state; may be repeated, like all below.", {}),
    ("origins", "--origin", list[Origin] | None, "Only pairs that came this way.", {}),
    ("languages", "--language", list[str] | None, "Only pairs in this language, such as en or pt.", {}),
    ("deciders", "--decided-by", list[Decider] | None, "Only pairs that this one decided on.", {}),
    ("splits", "--split", list[Split] | None, "Only pairs on this side of the split.", {}),
    ("findings", "--finding", list[str] | None, 'Only pairs with this finding, such as "length bias".', {}),
    ("cycles", "--cycle", list[int] | None, "Only pairs of this cycle.", {}),
    ("imports", "--import", list[int] | None, "Only pairs of this import.", {}),
    ("clean", "--clean", bool, "Only pairs without any finding.", {}),
    ("min_confidence", "--min-confidence", float | None, "Only pairs with at least this confidence.", FIGURE),
    ("max_confidence", "--max-confidence", float | None, "Only pairs with at most this confidence.", FIGURE),
    ("min_margin", "--min-gain", float | None, "Only pairs with at least this gain.", FIGURE),
    ("max_margin", "--max-gain", float | None, "Only pairs with at most this gain.", FIGURE),
    ("since", "--since", str, "Only pairs that came on this day (YYYY-MM-DD, UTC) or later.", {}),
    ("until", "--until", str, "Only pairs that came on this day or earlier.", {}),
    ("search", "--search", str, 'Only pairs that say these beginnings of words, or "these words" in quotes.', {}),
)
SAVED = "filter"


def with_filter(command: Command) -> Command:
    """Give a command with a `**filters` parameter the options; `filter_of` reads what arrives there."""
    own = inspect.signature(command, eval_str=True).parameters.values()
    named = [parameter for parameter in own if parameter.kind is not inspect.Parameter.VAR_KEYWORD]

    @wraps(command)  # not the command itself: a program that is built twice would get the options twice
    def with_options(**values: Any) -> None:
        command(**values)

    # Typer reads a command's parameters from its signature.
    with_options.__signature__ = inspect.Signature([*named, *_options()])  # type: ignore[attr-defined]
    return with_options


def filter_of(library: Library, filters: Mapping[str, Any]) -> PairFilter:
    """The filter that the options ask for: the saved one, if any, with what else is given in its place."""
    saved = filters[SAVED]
    chosen = get_filter(library, saved) if saved else EVERY_PAIR
    return replace(chosen, **_given(filters))


def is_filter_given(filters: Mapping[str, Any]) -> bool:
    """Whether any of the options was used."""
    return bool(filters[SAVED] or _given(filters))


def _given(filters: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: filters[name] for name, *_ in OPTIONS}
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in values.items()
        if value is not None and value is not False and value not in ("", [])
    }


def _options() -> list[inspect.Parameter]:
    options = [
        _option(name, kind, typer.Option(flag, help=text, show_default=False, **limits))
        for name, flag, kind, text, limits in OPTIONS
    ]
    saved = typer.Option("--filter", help="A saved filter's name; other options narrow or replace its fields.")
    return [*options, _option(SAVED, str, saved)]


def _option(name: str, kind: Any, option: Any) -> inspect.Parameter:
    usual: Any = False if kind is bool else "" if kind is str else None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=usual, annotation=Annotated[kind, option])
