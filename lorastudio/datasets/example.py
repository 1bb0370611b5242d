"""One example of a file, in one shape whatever format it came in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lorastudio.domain.messages import Conversation


class RowError(Exception):
    """A row can't become an example; `str()` says why, in words that follow the row's line."""


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt with a good answer, a bad one, or both. `group`, `language`, `confidence` (0..1), `margin` and
    `iteration` are None when the file says nothing; `extra` holds the columns that we don't know. `earlier_answers`
    counts those of a conversation that stay in the prompt, where they are not trained on."""

    prompt: Conversation
    good: str | None
    bad: str | None
    group: str | None = None
    language: str | None = None
    confidence: float | None = None
    margin: float | None = None
    iteration: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    earlier_answers: int = 0

    def __post_init__(self) -> None:
        if not any(message.content.strip() for message in self.prompt):
            raise RowError("has no prompt")
        if self.prompt[-1].role != "user":
            raise RowError("has a prompt that does not end with a user turn")
        if self.good is None and self.bad is None:
            raise RowError("has neither a good nor a bad answer")
        if self.good == self.bad:
            raise RowError("has the same text as good and as bad answer")
