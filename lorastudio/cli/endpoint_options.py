"""How an endpoint is spoken to, as options of the command line: the same for adding and editing one."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Annotated, Any

import typer

from lorastudio.cli.options import Command, with_options
from lorastudio.domain.endpoint import Endpoint, Protocol, Sampling
from lorastudio.domain.errors import UsageError

# Each option with its type and what `--help` says, in its order; where none is given nothing changes.
OPTIONS: dict[str, tuple[Any, str]] = {
    "model": (str | None, "Default: the first one it lists."),
    "protocol": (
        Protocol | None,
        "openai: chat completions; anthropic: Anthropic's own /v1/messages. Default: openai.",
    ),
    "concurrency": (int | None, "Calls at once at most. Default: 4."),
    "connect_timeout_s": (float | None, "Seconds to reach it. Default: 10."),
    "idle_timeout_s": (float | None, "Seconds that it may be silent. Default: 120."),
    "headers": (
        list[str] | None,
        "Sent with every request, like 'X-Title: LoRA Studio'; may be repeated. Never a key.",
    ),
    "temperature": (float | None, "Where the work says nothing itself. Default: the server's."),
    "top_p": (float | None, "Where the work says nothing itself. Default: the server's."),
    "max_tokens": (int | None, "Tokens of an answer, where the work says nothing itself. Default: the server's."),
    "prompt_price": (float | None, "US dollars for a million tokens that it reads."),
    "completion_price": (float | None, "US dollars for a million tokens that it writes."),
    "context_length": (int | None, "Tokens of prompt and answer together. Default: what a test finds."),
    "prefix": (str | None, "Put before every text that is embedded, like 'query: '."),
}
NAMES = {"connect_timeout_s": "--connect-timeout", "idle_timeout_s": "--idle-timeout", "headers": "--header"}
_SAMPLING = {field.name for field in fields(Sampling)}


def with_endpoint_options(command: Command) -> Command:
    """Give a command with a `**settings` parameter the options; `changed` reads what arrives there."""
    return with_options(command, [_parameter(name) for name in OPTIONS])


def changed(endpoint: Endpoint, settings: Mapping[str, Any], unset: Sequence[str] = ()) -> Endpoint:
    """The endpoint with the options that were given, and its default again for each name in `unset`.

    UsageError for a header that is none and for a name in `unset` that is no option.
    """
    usual = Endpoint(endpoint.name, endpoint.role)
    given = {name: value for name, value in settings.items() if value is not None}
    if "headers" in given:
        given["headers"] = tuple(_header(text) for text in given["headers"])
    for name in (_field_of(text) for text in unset):
        given[name] = getattr(usual.sampling if name in _SAMPLING else usual, name)
    sampling = {name: value for name, value in given.items() if name in _SAMPLING}
    plain = {name: value for name, value in given.items() if name not in _SAMPLING}
    return replace(endpoint, sampling=replace(endpoint.sampling, **sampling), **plain)


def _parameter(name: str) -> inspect.Parameter:
    option = typer.Option(_flag(name), help=OPTIONS[name][1], show_default=False)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[OPTIONS[name][0], option]
    )


def _flag(name: str) -> str:
    return NAMES.get(name, f"--{name.replace('_', '-')}")


def _field_of(text: str) -> str:
    """The field behind an option's name as a person writes it, with or without the dashes."""
    flag = f"--{text.removeprefix('--').replace('_', '-')}"
    found = next((name for name in OPTIONS if _flag(name) == flag), None)
    if found is None:
        raise UsageError(f"There is no option {flag} to unset.", f"These can be: {', '.join(map(_flag, OPTIONS))}.")
    return found


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        # Without a colon the whole of it may be a secret that was pasted.
        raise UsageError("A header has no colon.", "Write it like --header 'X-Title: LoRA Studio'.")
    return name, value
