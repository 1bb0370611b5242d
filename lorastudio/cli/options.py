"""Options of a command that come from a list instead of its own parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

Command = Callable[..., None]


def with_options(command: Command, options: Sequence[inspect.Parameter]) -> Command:
    """Give a command with a `**settings` parameter the options, whose values arrive there under their names."""
    own = inspect.signature(command, eval_str=True).parameters.values()
    named = [parameter for parameter in own if parameter.kind is not inspect.Parameter.VAR_KEYWORD]

    @wraps(command)  # not the command itself: a program that is built twice would get the options twice
    def with_all(**values: Any) -> None:
        command(**values)

    # Typer reads a command's parameters from its signature.
    with_all.__signature__ = inspect.Signature([*named, *options])  # type: ignore[attr-defined]
    return with_all
