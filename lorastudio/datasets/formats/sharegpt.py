"""ShareGPT's formats: `conversations` of `{"from", "value"}`, and their ranking with `chosen` and `rejected` turns.

Source: https://github.com/hiyouga/LLaMA-Factory/tree/main/data (formats "sharegpt" and its preference kind).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lorastudio.datasets import fields
from lorastudio.datasets.example import Example, RowError
from lorastudio.datasets.formats.row_format import RowFormat, Values, others
from lorastudio.domain.messages import Conversation, Message, Speaker

_ROLES: dict[str, Speaker] = {
    "system": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "assistant": "assistant",
}
_PROMPT = {"prompt": ("conversations",), "system": ("system",)}


def _is_ranking(values: Values) -> bool:
    return isinstance(values.get("conversations"), list) and "chosen" in values and "rejected" in values


def _is_plain(values: Values) -> bool:
    return isinstance(values.get("conversations"), list)


def _read_ranking(values: Values) -> Example:
    return Example(
        prompt=_turns(values),
        good=_answer(values["chosen"], "chosen"),
        bad=_answer(values["rejected"], "rejected"),
        confidence=fields.optional_share(values, "confidence"),
        extra=others(values, "conversations", "system", "chosen", "rejected", "confidence"),
    )


def _read_plain(values: Values) -> Example:
    turns = _turns(values)
    last = max((at for at, turn in enumerate(turns) if turn.role == "assistant"), default=None)
    if last is None:
        raise RowError("has no answer")
    tag = values.get("kto_tag")
    good, text = not isinstance(tag, bool) or tag, fields.only_answer([turns[last]], "conversations")
    return Example(
        prompt=turns[:last],
        good=text if good else None,
        bad=None if good else text,
        extra=others(values, "conversations", "system", "kto_tag"),
        earlier_answers=fields.answers_in(turns[:last]),
    )


def _turns(values: Values) -> Conversation:
    turns = tuple(_turn(turn, f"turn {number} of 'conversations'") for number, turn in enumerate(_list(values), 1))
    system = fields.optional_text(values, "system")
    if system is None or (turns and turns[0].role == "system"):
        return turns
    return (Message("system", system), *turns)


def _list(values: Values) -> list[Any]:
    found = values["conversations"]
    if not isinstance(found, list):
        raise RowError("has no list of turns in the column 'conversations'")
    return found


def _answer(value: Any, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return fields.optional_text({name: value}, name)
    turns = value if isinstance(value, list) else [value]
    return fields.only_answer([_turn(turn, f"{name!r}") for turn in turns], name)


def _turn(item: Any, where: str) -> Message:
    if not isinstance(item, Mapping):
        raise RowError(f"has no speaker and text in {where}")
    role, text = item.get("from", item.get("role")), item.get("value", item.get("content"))
    if not isinstance(role, str) or role not in _ROLES:
        raise RowError(f"has the speaker {str(role)[:40]!r} in {where}, which can't be trained on")
    if not isinstance(text, str):
        raise RowError(f"has no text in {where}")
    return Message(_ROLES[role], text)


PLAIN = RowFormat("sharegpt", _is_plain, _read_plain, {**_PROMPT, "good": ("conversations",)})
RANKING = RowFormat(
    "sharegpt ranking", _is_ranking, _read_ranking, {**_PROMPT, "good": ("chosen",), "bad": ("rejected",)}
)
