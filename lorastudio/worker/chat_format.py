"""Answers and errors in OpenAI's shapes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lorastudio.worker.engine import TokenRecord, Update


@dataclass(frozen=True, slots=True)
class ChatShape:
    """What all parts of one answer have in common. `model` is the version that answers."""

    model: str
    completion_id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def completion(self, update: Update) -> dict[str, Any]:
        """The whole answer at once."""
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": update.text},
            "logprobs": log_probs_record(update.tokens) if update.tokens else None,
            "finish_reason": update.finish_reason,
        }
        return self._head("chat.completion") | {"choices": [choice], "usage": usage_record(update)}

    def chunk(
        self, delta: dict[str, Any], tokens: Sequence[TokenRecord] = (), finish_reason: str | None = None
    ) -> dict[str, Any]:
        """One part of a streamed answer."""
        log_probs = log_probs_record(tokens) if tokens else None
        choice = {"index": 0, "delta": delta, "logprobs": log_probs, "finish_reason": finish_reason}
        return self._head("chat.completion.chunk") | {"choices": [choice]}

    def usage_chunk(self, update: Update) -> dict[str, Any]:
        """The part after the last, for clients that asked for usage."""
        return self._head("chat.completion.chunk") | {"choices": [], "usage": usage_record(update)}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.completion_id, "object": kind, "created": self.created, "model": self.model}


def usage_record(update: Update) -> dict[str, int]:
    return {
        "prompt_tokens": update.prompt_tokens,
        "completion_tokens": update.answer_tokens,
        "total_tokens": update.prompt_tokens + update.answer_tokens,
    }


def log_probs_record(tokens: Sequence[TokenRecord]) -> dict[str, Any]:
    """OpenAI's `logprobs`, each token with its `id` as well."""
    return {
        "content": [
            _token(token.text, token.log_probs.token, token.log_probs.logprob)
            | {
                "top_logprobs": [
                    _token(text, other, logprob)
                    for text, (other, logprob) in zip(token.top_texts, token.log_probs.top, strict=True)
                ]
            }
            for token in tokens
        ]
    }


def error_record(message: str, kind: str, *, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _token(text: str, token: int, logprob: float) -> dict[str, Any]:
    return {"token": text, "id": token, "logprob": logprob, "bytes": list(text.encode("utf-8", "replace"))}
