"""Chat messages, the one shape in which prompts travel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lorastudio.domain.errors import KnownError

Speaker = Literal["system", "user", "assistant"]
SPEAKERS: tuple[Speaker, ...] = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Speaker
    content: str

    def as_record(self) -> dict[str, str]:
        return {"role": self.role, "content": self.content}


Conversation = tuple[Message, ...]


def user(text: str) -> Conversation:
    """A conversation of one user turn."""
    return (Message("user", text),)


def as_records(conversation: Sequence[Message]) -> list[dict[str, str]]:
    """The conversation as a JSON-able list of `{"role", "content"}`."""
    return [message.as_record() for message in conversation]


def from_records(records: Sequence[Any]) -> Conversation:
    """The conversation from JSON; raises `KnownError` that names the first bad turn."""
    turns: list[Message] = []
    for index, record in enumerate(records):
        role = record.get("role") if isinstance(record, dict) else None
        content = record.get("content") if isinstance(record, dict) else None
        if role not in SPEAKERS or not isinstance(content, str):
            raise KnownError(
                f"Turn {index + 1} of the conversation has no usable role and content.",
                "Each turn needs a role (system, user or assistant) and a text.",
            )
        turns.append(Message(role, content))
    return tuple(turns)
