"""OpenAI's chat completions, as most servers speak them (https://platform.openai.com/docs/api-reference/chat)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lorastudio.domain.endpoint import Sampling
from lorastudio.domain.messages import Conversation, as_records
from lorastudio.endpoints.answers import AnswerBuilder, Delta


class OpenAIDialect:
    """See `Dialect`."""

    path = "/chat/completions"

    def credentials(self, key: str | None) -> dict[str, str]:
        return {"Authorization": f"Bearer {key}"} if key else {}

    def request(
        self, messages: Conversation, sampling: Sampling, response_format: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        optional = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "seed": sampling.seed,
            "response_format": response_format,
        }
        fields = {name: value for name, value in optional.items() if value is not None}
        return {"messages": as_records(messages), **fields}

    def streamed(self) -> dict[str, Any]:
        return {"stream": True, "stream_options": {"include_usage": True}}

    def builder(self, server: str, key: str | None) -> AnswerBuilder:
        return OpenAIBuilder(server, key)


class OpenAIBuilder(AnswerBuilder):
    """Reads chunks with deltas and whole completions."""

    def _read(self, record: Mapping[str, Any]) -> Delta | None:
        self._usage = record.get("usage") or self._usage
        choices = record.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, Mapping):
            return None
        self._has_logprobs = self._has_logprobs or bool(choice.get("logprobs"))
        if isinstance(choice.get("finish_reason"), str):
            self.finish_reason = choice["finish_reason"]
        turns = (choice.get(name) for name in ("delta", "message"))
        turn: Mapping[str, Any] = next((turn for turn in turns if isinstance(turn, Mapping)), {})
        text = _content(turn.get("content")) or _content(choice.get("text"))
        return self._add(text, _content(turn.get("reasoning_content")) or _content(turn.get("reasoning")))


def _content(value: Any) -> str:
    """Text of a content field: a string, or a list of parts of which some are texts."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(
            part["text"] for part in value if isinstance(part, Mapping) and isinstance(part.get("text"), str)
        )
    return ""
