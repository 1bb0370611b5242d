"""Reads single values of a row: texts that may be missing, numbers, conversations."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lorastudio.datasets.example import RowError
from lorastudio.domain.messages import Conversation, Message, Speaker

# What programs write into a text column when they mean: nothing.
_MISSING = frozenset({"", "None", "nan", "NaN", "NULL", "null", "<NA>"})
_ROLES: dict[str, Speaker] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


def optional_text(values: Mapping[str, Any], name: str) -> str | None:
    """The text of a column, None when it is missing, blank, or one of the words for "missing"."""
    value = values.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise RowError(f"has no text in the column {name!r}")
    return None if value.strip() in _MISSING else value


def optional_number(values: Mapping[str, Any], name: str) -> float | None:
    """The finite number of a column, written as a number or as text, or None."""
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def optional_share(values: Mapping[str, Any], name: str) -> float | None:
    """A number from 0 to 1, or None."""
    number = optional_number(values, name)
    return number if number is not None and 0.0 <= number <= 1.0 else None


def optional_whole(values: Mapping[str, Any], name: str) -> int | None:
    """A whole number that fits into 63 bits, or None."""
    number = optional_number(values, name)
    return int(number) if number is not None and number.is_integer() and abs(number) < 2**53 else None


def turns(value: Any, name: str) -> Conversation:
    """A conversation: a text is one user turn, a list has turns with role and content."""
    if value is None or isinstance(value, str):
        text = optional_text({name: value}, name)
        return () if text is None else (Message("user", text),)
    return tuple(message for message, _ in weighted_turns(value, name))


def weighted_turns(value: Any, name: str) -> list[tuple[Message, bool]]:
    """The turns of a list, each with whether it may be trained on (its `weight` is not 0)."""
    if not isinstance(value, list):
        raise RowError(f"has neither a text nor a list of turns in the column {name!r}")
    return [
        (_turn(item, f"turn {number} of {name!r}"), item.get("weight") != 0) for number, item in enumerate(value, 1)
    ]


def answer(value: Any, name: str) -> str | None:
    """An answer: a text, or a list of exactly one assistant turn; None when it is missing."""
    if value is None or isinstance(value, str):
        return optional_text({name: value}, name)
    return only_answer(turns(value, name), name)


def only_answer(conversation: Sequence[Message], name: str) -> str | None:
    """The text of a conversation that is one assistant turn."""
    if [message.role for message in conversation] != ["assistant"]:
        raise RowError(f"has not exactly one answer in the column {name!r}")
    return optional_text({name: conversation[0].content}, name)


def answers_in(conversation: Iterable[Message]) -> int:
    """How many turns are answers."""
    return sum(message.role == "assistant" for message in conversation)


def _turn(item: Any, where: str) -> Message:
    if not isinstance(item, Mapping):
        raise RowError(f"has no role and content in {where}")
    role = item.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise RowError(f"has the role {str(role)[:40]!r} in {where}, which can't be trained on")
    return Message(_ROLES[role], _content(item.get("content"), where))


def _content(content: Any, where: str) -> str:
    """The text of a turn; OpenAI's lists of parts are joined when all are text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and content:
        parts = [part.get("text") if isinstance(part, Mapping) else None for part in content]
        texts = [part for part in parts if isinstance(part, str)]
        if len(texts) == len(parts):
            return "".join(texts)
    raise RowError(f"has no text in {where}")
