"""Answers of a chat server: what a stream yields, and what its records are collected in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lorastudio.domain.endpoint import Usage
from lorastudio.domain.errors import EndpointError
from lorastudio.domain.messages import Message
from lorastudio.endpoints.asking import Retrying
from lorastudio.endpoints.reasoning import ReasoningSplitter, split_reasoning
from lorastudio.endpoints.redaction import shown
from lorastudio.endpoints.retry import RETRYABLE_STATUSES
from lorastudio.endpoints.usage import read_usage


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of an answer, or of the reasoning before it."""

    text: str = ""
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """One whole answer. `text` and `reasoning` are trimmed and hold no lone surrogates.

    `finish_reason` is the server's word ("stop", "length", …), empty when it gave none.
    """

    text: str
    reasoning: str
    finish_reason: str
    usage: Usage
    elapsed_s: float
    first_token_s: float | None = None
    has_logprobs: bool = False

    @property
    def truncated(self) -> bool:
        """Whether the token limit cut the answer."""
        return self.finish_reason in ("length", "max_tokens")


StreamItem = Delta | Retrying | ChatAnswer


class AnswerBuilder(ABC):
    """Collects the records of one answer, streamed ones or a single whole one; each protocol has its own."""

    def __init__(self, server: str, key: str | None) -> None:
        """`server` names the server in errors; `key` is taken out of its words."""
        self._server = server
        self._key = key
        self._splitter = ReasoningSplitter()
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._usage: Any = None
        self._has_logprobs = False
        self.finish_reason = ""

    def take(self, record: Any) -> Delta | None:
        """Add one record; returns what it brought. EndpointError when it is, or holds, an error."""
        if not isinstance(record, Mapping):
            raise EndpointError(f"{self._server} answered with something that is no answer.", retryable=True)
        if record.get("error"):
            raise self._refusal(record["error"])
        return self._read(record)

    @abstractmethod
    def _read(self, record: Mapping[str, Any]) -> Delta | None:
        """Add one record that holds no error."""

    def finish(self, messages: Sequence[Message], elapsed_s: float, first_token_s: float | None) -> ChatAnswer:
        """The whole answer to `messages`."""
        raw = "".join(self._text)
        text, in_text = split_reasoning(raw)
        reasoning = "\n".join(part for part in ("".join(self._reasoning).strip(), in_text) if part)
        usage = read_usage(self._usage, messages, raw + "".join(self._reasoning))
        return ChatAnswer(
            text=whole_text(text),
            reasoning=whole_text(reasoning),
            finish_reason=self.finish_reason,
            usage=usage,
            elapsed_s=elapsed_s,
            first_token_s=first_token_s,
            has_logprobs=self._has_logprobs,
        )

    def _add(self, text: str, thought: str) -> Delta | None:
        if not text and not thought:
            return None
        self._text.append(text)
        self._reasoning.append(thought)
        answer, reasoning = self._splitter.take(text)
        return Delta(whole_text(answer), whole_text(thought + reasoning))

    def _refusal(self, error: Any) -> EndpointError:
        """An error sent inside an answer whose status was 200."""
        words = error.get("message", error) if isinstance(error, Mapping) else error
        code = error.get("code") if isinstance(error, Mapping) else None
        status = code if isinstance(code, int) and not isinstance(code, bool) else None
        return EndpointError(
            f"{self._server} broke its answer off: {shown(str(words), self._key)}",
            status=status,
            retryable=status is None or status in RETRYABLE_STATUSES,
        )


def whole_text(text: str) -> str:
    """`text` with surrogate pairs joined and lone surrogates replaced, so that it can be stored as UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
