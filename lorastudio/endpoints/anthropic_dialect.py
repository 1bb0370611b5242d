"""Anthropic's Messages API (https://platform.claude.com/docs/en/api/messages), which other servers speak too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lorastudio.domain.endpoint import Sampling
from lorastudio.domain.errors import EndpointError
from lorastudio.domain.messages import Conversation, as_records
from lorastudio.endpoints.answers import AnswerBuilder, Delta

API_VERSION = "2023-06-01"
# The API wants a limit in every request.
DEFAULT_MAX_TOKENS = 4096
_PROMPT_FIELDS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


class AnthropicDialect:
    """See `Dialect`. The API has no seed: answers can't be asked for again exactly."""

    path = "/messages"

    def credentials(self, key: str | None) -> dict[str, str]:
        named = {"anthropic-version": API_VERSION}
        return named | {"x-api-key": key} if key else named

    def request(
        self, messages: Conversation, sampling: Sampling, response_format: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        system = "\n\n".join(message.content for message in messages if message.role == "system")
        optional = {
            "system": system or None,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "output_config": _output_config(response_format),
        }
        return {
            "messages": as_records(tuple(message for message in messages if message.role != "system")),
            "max_tokens": sampling.max_tokens or DEFAULT_MAX_TOKENS,
            **{name: value for name, value in optional.items() if value is not None},
        }

    def streamed(self) -> dict[str, Any]:
        return {"stream": True}

    def builder(self, server: str, key: str | None) -> AnswerBuilder:
        return AnthropicBuilder(server, key)


class AnthropicBuilder(AnswerBuilder):
    """Reads the events of a stream, and whole messages."""

    def __init__(self, server: str, key: str | None) -> None:
        super().__init__(server, key)
        self._tokens: dict[str, Any] = {}
        self._thought = False

    def _read(self, record: Mapping[str, Any]) -> Delta | None:
        kind = record.get("type")
        if kind == "message":
            self._count(record)
            blocks = [self._block(block) for block in _mappings(record.get("content"))]
            self._stop(record)
            return self._add("".join(text for text, _ in blocks), "".join(thought for _, thought in blocks))
        if kind == "message_start":
            self._count(_mapping(record.get("message")))
        elif kind == "message_delta":
            self._count(record)
            self._stop(_mapping(record.get("delta")))
        elif kind in ("content_block_start", "content_block_delta"):
            name = "content_block" if kind == "content_block_start" else "delta"
            return self._add(*self._block(_mapping(record.get(name))))
        return None

    def _block(self, block: Mapping[str, Any]) -> tuple[str, str]:
        """Text and reasoning of a block or of a piece of one."""
        text, thought = block.get("text"), block.get("thinking")
        self._thought = self._thought or isinstance(thought, str)
        return text if isinstance(text, str) else "", thought if isinstance(thought, str) else ""

    def _stop(self, holder: Mapping[str, Any]) -> None:
        if isinstance(holder.get("stop_reason"), str):
            self.finish_reason = holder["stop_reason"]

    def _count(self, holder: Mapping[str, Any]) -> None:
        """Take the usage over: figures of later events replace those of earlier ones. In the words of OpenAI."""
        self._tokens |= _mapping(holder.get("usage"))
        known = [self._tokens[name] for name in _PROMPT_FIELDS if isinstance(self._tokens.get(name), int)]
        written = self._tokens.get("output_tokens")
        self._usage = {
            "prompt_tokens": sum(known) if known else None,
            "completion_tokens": written,
            # Reasoning is counted whole and shown as a summary, or not at all.
            "completion_tokens_details": {"reasoning_tokens": written if self._thought else 0},
        }


def _output_config(response_format: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if response_format is None:
        return None
    schema = _mapping(response_format.get("json_schema")).get("schema")
    if schema is None:
        raise EndpointError("The Messages API knows no JSON answers without a schema.", status=501)
    return {"format": {"type": "json_schema", "schema": schema}}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
