"""What a chat request may say: every field checked, so that nothing is silently ignored."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lorastudio.domain.errors import KnownError
from lorastudio.domain.messages import Conversation, from_records
from lorastudio.worker.engine import ChatJob

MAX_STOPS = 16
MAX_TOP_LOGPROBS = 20
# Carried by clients for their own bookkeeping; they change nothing in an answer.
BOOKKEEPING = frozenset({"user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key"})
KNOWN = frozenset(
    {
        "model", "messages", "stream", "stream_options", "temperature", "top_p", "seed", "stop", "max_tokens",
        "max_completion_tokens", "logprobs", "top_logprobs", "response_format", "n", "presence_penalty",
        "frequency_penalty", "logit_bias", "tools", "tool_choice", "parallel_tool_calls",
    }
)  # fmt: skip
# Fields whose only value here is the one that changes nothing.
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "n": (1,),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "logit_bias": ({},),
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "parallel_tool_calls": (True, False),
    "response_format": ({"type": "text"},),
}


class BadFieldError(KnownError):
    """A field of a request can't be honoured."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class ChatFields:
    """A checked request."""

    model: str
    job: ChatJob
    include_usage: bool


def parse_chat(body: bytes) -> ChatFields:
    """The request in a body; BadFieldError names the first field that is wrong or can't be honoured."""
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadFieldError("body", f"The body is no JSON: {error}") from error
    if not isinstance(raw, dict):
        raise BadFieldError("body", "The body must be a JSON object.")
    fields = {name: value for name, value in raw.items() if value is not None}
    if unknown := sorted(fields.keys() - KNOWN - BOOKKEEPING):
        raise BadFieldError(unknown[0], f"The field {unknown[0]} is not supported.")
    for name, allowed in NEUTRAL.items():
        if name in fields and fields[name] not in allowed:
            raise BadFieldError(name, f"The field {name} is supported only as {json.dumps(allowed[0])}.")
    stream = _take(fields, "stream", bool, False)
    return ChatFields(_take(fields, "model", str, None), _job(fields, stream), _include_usage(fields, stream))


def _job(fields: dict[str, Any], stream: bool) -> ChatJob:
    limit_name = "max_completion_tokens" if "max_completion_tokens" in fields else "max_tokens"
    limit = _take(fields, limit_name, int, 0)
    if limit_name in fields and limit < 1:
        raise BadFieldError(limit_name, f"{limit_name} must be at least 1.")
    return ChatJob(
        conversation=_conversation(fields),
        max_tokens=limit or None,
        seed=_take(fields, "seed", int, secrets.randbits(31)),
        temperature=_number(fields, "temperature", 1.0, lambda value: 0 <= value <= 2, "from 0 to 2"),
        top_p=_number(fields, "top_p", 1.0, lambda value: 0 < value <= 1, "above 0 and at most 1"),
        stops=_stops(fields),
        top_logprobs=_top_logprobs(fields),
        stream=stream,
    )


def _take(fields: dict[str, Any], name: str, kind: type, default: Any) -> Any:
    value = fields.get(name, default)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        words = {bool: "true or false", str: "a text", int: "a whole number"}[kind]
        raise BadFieldError(name, f"The field {name} must be {words}.")
    return value


def _number(fields: dict[str, Any], name: str, default: float, ok: Callable[[float], bool], rule: str) -> float:
    value = fields.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not ok(value):
        raise BadFieldError(name, f"The field {name} must be a number {rule}.")
    return float(value)


def _stops(fields: dict[str, Any]) -> tuple[str, ...]:
    value = fields.get("stop", [])
    stops = [value] if isinstance(value, str) else value
    fine = isinstance(stops, list) and len(stops) <= MAX_STOPS and all(isinstance(s, str) and s for s in stops)
    if not fine:
        raise BadFieldError("stop", f"stop must be a text or a list of at most {MAX_STOPS} texts, none empty.")
    return tuple(stops)


def _top_logprobs(fields: dict[str, Any]) -> int | None:
    wanted = _take(fields, "logprobs", bool, False)
    top: int = _take(fields, "top_logprobs", int, 0)
    if not 0 <= top <= MAX_TOP_LOGPROBS:
        raise BadFieldError("top_logprobs", f"top_logprobs must be from 0 to {MAX_TOP_LOGPROBS}.")
    if top and not wanted:
        raise BadFieldError("top_logprobs", "top_logprobs needs logprobs to be true.")
    return top if wanted else None


def _include_usage(fields: dict[str, Any], stream: bool) -> bool:
    options = fields.get("stream_options", {})
    if not isinstance(options, dict) or not isinstance(options.get("include_usage", False), bool):
        raise BadFieldError("stream_options", "stream_options must be an object with include_usage true or false.")
    if options and not stream:
        raise BadFieldError("stream_options", "stream_options needs stream to be true.")
    return bool(options.get("include_usage", False))


def _conversation(fields: dict[str, Any]) -> Conversation:
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadFieldError("messages", "messages must be a list of at least one message.")
    try:
        return from_records([_plain(message) for message in messages])
    except KnownError as error:
        raise BadFieldError("messages", error.message) from error


def _plain(message: Any) -> Any:
    """A message with its content as one text: parts are joined, and a developer speaks as the system."""
    if not isinstance(message, dict):
        return message
    content = message.get("content")
    if isinstance(content, list):
        if not all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in content):
            raise BadFieldError("messages", "Only text parts are supported in a message's content.")
        content = "".join(part["text"] for part in content)
    role = "system" if message.get("role") == "developer" else message.get("role")
    return {"role": role, "content": content}
