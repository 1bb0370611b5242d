"""The shapes of the OpenAI chat interface: requests that can be read, answers and streams as it writes them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lorastudio.domain.errors import UsageError
from lorastudio.practice.replies import text_of

MODEL = "practice-critic"
STREAM_END = b"data: [DONE]\n\n"

_TOKEN = re.compile(r"\s*(?:\w+|[^\w\s])|\s+")


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request; fields that the practice critic has no use for are left out."""

    messages: tuple[Mapping[str, Any], ...]
    stream: bool
    include_usage: bool
    max_tokens: int | None
    response_format: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ChatReply:
    """One answer as its tokens (words and signs, with the space before them); `usage` None: not told."""

    id: str
    tokens: tuple[str, ...]
    finish_reason: Literal["stop", "length"]
    usage: Mapping[str, Any] | None

    @property
    def text(self) -> str:
        return "".join(self.tokens)


def tokenize(text: str) -> list[str]:
    """Words and signs; joined they are the text again."""
    return _TOKEN.findall(text)


def read_request(body: bytes) -> ChatRequest:
    """Read the body of a request; UsageError says what is wrong with it."""
    try:
        record = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UsageError("The body of the request is no JSON.") from error
    if not isinstance(record, dict):
        raise UsageError("The body of the request is no JSON object.")
    options = record.get("stream_options")
    return ChatRequest(
        messages=_read_messages(record.get("messages")),
        stream=record.get("stream") is True,
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
        max_tokens=_read_limit(record.get("max_completion_tokens", record.get("max_tokens"))),
        response_format=_read_format(record.get("response_format")),
    )


def compose(identifier: str, request: ChatRequest, text: str) -> ChatReply:
    """The answer with `text`, cut at the limit that the request sets."""
    tokens = tokenize(text)
    kept = tokens if request.max_tokens is None else tokens[: request.max_tokens]
    prompt_tokens = sum(len(tokenize(text_of(message))) for message in request.messages)
    usage = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": len(kept),
        "total_tokens": prompt_tokens + len(kept),
    }
    return ChatReply(identifier, tuple(kept), "stop" if len(kept) == len(tokens) else "length", usage)


def as_completion(reply: ChatReply) -> bytes:
    """The whole answer as one JSON object."""
    message = {"role": "assistant", "content": reply.text}
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
    record = {**_head(reply, "chat.completion"), "choices": [choice]}
    return _json(record if reply.usage is None else {**record, "usage": reply.usage})


def as_events(reply: ChatReply, *, include_usage: bool) -> Iterator[bytes]:
    """The answer as server-sent events, one token each."""
    head = _head(reply, "chat.completion.chunk")
    deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": token}, None) for token in reply.tokens]
    deltas += [({}, reply.finish_reason)]
    for delta, finish_reason in deltas:
        yield _event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})
    if include_usage and reply.usage is not None:
        yield _event({**head, "choices": [], "usage": reply.usage})
    yield STREAM_END


def as_error(message: str, kind: str) -> bytes:
    """An error as the interface words it."""
    return _json({"error": {"message": message, "type": kind, "param": None, "code": None}})


def model_list() -> bytes:
    """The answer to `GET /v1/models`."""
    return _json({"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "lorastudio"}]})


def _read_messages(messages: Any) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(messages, list) or not messages:
        raise UsageError("The request holds no messages.")
    if not all(isinstance(message, dict) and isinstance(message.get("role"), str) for message in messages):
        raise UsageError("A message of the request has no role.")
    return tuple(messages)


def _read_limit(limit: Any) -> int | None:
    if limit is None:
        return None
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise UsageError("max_tokens has to be a whole number above 0.")
    return limit


def _read_format(wanted: Any) -> Mapping[str, Any] | None:
    if wanted is None:
        return None
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind not in ("text", "json_object", "json_schema"):
        raise UsageError("response_format has to be of type text, json_object or json_schema.")
    schema = wanted.get("json_schema")
    if kind == "json_schema" and not (isinstance(schema, dict) and isinstance(schema.get("schema"), dict)):
        raise UsageError("response_format of type json_schema holds no schema.")
    return dict(wanted)


def _head(reply: ChatReply, kind: str) -> dict[str, Any]:
    return {"id": reply.id, "object": kind, "created": int(time.time()), "model": MODEL}


def _event(record: Mapping[str, Any]) -> bytes:
    return b"data: " + _json(record) + b"\n\n"


def _json(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
