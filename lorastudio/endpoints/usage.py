"""Tokens of a call: the server's figures where they can be true, else an estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from lorastudio.domain.endpoint import Usage
from lorastudio.domain.messages import Message

CHARACTERS_PER_TOKEN = 4
# What a template and a server's own instructions may add to a prompt, and end tokens to an answer.
HIDDEN_PROMPT_TOKENS = 8_000
HIDDEN_COMPLETION_TOKENS = 64
HIDDEN_REASONING_TOKENS = 500_000


def read_usage(record: Any, messages: Sequence[Message], written: str) -> Usage:
    """The usage that a server reported, or an estimate (marked so) where it is missing or can't be true.

    `written` is all that the model wrote, reasoning included. A text has no more tokens than bytes, beside
    what the server adds unseen.
    """
    asked = "".join(message.content for message in messages)
    if isinstance(record, Mapping):
        prompt, completion = record.get("prompt_tokens"), record.get("completion_tokens")
        hidden = HIDDEN_COMPLETION_TOKENS + _hidden_reasoning(record)
        if _plausible(prompt, asked, HIDDEN_PROMPT_TOKENS) and _plausible(completion, written, hidden):
            return Usage(prompt, completion)
    return Usage(estimate_tokens(asked), estimate_tokens(written), estimated=True)


def estimate_tokens(text: str) -> int:
    """Four characters a token, rounded up."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def _hidden_reasoning(record: Mapping[str, Any]) -> int:
    """Reasoning that the server counts and does not show."""
    details = record.get("completion_tokens_details")
    tokens = details.get("reasoning_tokens") if isinstance(details, Mapping) else None
    return tokens if isinstance(tokens, int) and 0 <= tokens <= HIDDEN_REASONING_TOKENS else 0


def _plausible(tokens: Any, text: str, hidden: int) -> TypeGuard[int]:
    if isinstance(tokens, bool) or not isinstance(tokens, int):
        return False
    most = len(text.encode("utf-8", "surrogatepass")) + hidden
    return (1 if text else 0) <= tokens <= most
