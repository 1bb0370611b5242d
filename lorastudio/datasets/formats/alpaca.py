"""Alpaca's formats: `instruction, input, output[, system, history]`, its ranking and its labelled kind.

Ranking: `chosen, rejected` in place of `output` (or, as it was first, an `output` that lists the better answer and the
worse one). Labelled: `kto_tag` false makes the output a bad one. `history` lists earlier turns as [question, answer].
Source: https://github.com/tatsu-lab/stanford_alpaca and the data formats of
https://github.com/hiyouga/LLaMA-Factory/tree/main/data
"""

from __future__ import annotations

from typing import Any

from lorastudio.datasets import fields
from lorastudio.datasets.example import Example, RowError
from lorastudio.datasets.formats.row_format import RowFormat, Values, others
from lorastudio.domain.messages import Conversation, Message
from lorastudio.domain.pair import Pair

_ASKED = ("instruction", "input", "system", "history")
_PROMPT = {"prompt": ("instruction", "input"), "earlier turns": ("history",), "system": ("system",)}
_BETTER_AND_WORSE = 2


def as_row(pair: Pair) -> dict[str, Any]:
    """A pair as a row of the ranking format. A conversation that is no questions with answers does not survive it."""
    turns = list(pair.prompt)
    row: dict[str, Any] = {"instruction": turns.pop().content, "input": ""}
    if turns and turns[0].role == "system":
        row["system"] = turns.pop(0).content
    if turns:
        row["history"] = [[asked.content, told.content] for asked, told in zip(turns[::2], turns[1::2], strict=False)]
    return row | {"chosen": pair.good, "rejected": pair.bad}


def _is_plain(values: Values) -> bool:
    return "instruction" in values and isinstance(values.get("output"), str)


def _is_ranking(values: Values) -> bool:
    return "instruction" in values and (
        ("chosen" in values and "rejected" in values) or isinstance(values.get("output"), list)
    )


def _read_plain(values: Values) -> Example:
    text = fields.optional_text(values, "output")
    tag = values.get("kto_tag")
    good = not isinstance(tag, bool) or tag
    return Example(
        prompt=_prompt(values),
        good=text if good else None,
        bad=None if good else text,
        extra=others(values, *_ASKED, "output", "kto_tag"),
    )


def _read_ranking(values: Values) -> Example:
    good, bad = values.get("chosen"), values.get("rejected")
    if isinstance(values.get("output"), list):
        if len(values["output"]) != _BETTER_AND_WORSE:
            raise RowError("has not exactly a better and a worse answer in the column 'output'")
        good, bad = values["output"]
    return Example(
        prompt=_prompt(values),
        good=_text(good, "chosen"),
        bad=_text(bad, "rejected"),
        confidence=fields.optional_share(values, "confidence"),
        extra=others(values, *_ASKED, "output", "chosen", "rejected", "confidence"),
    )


def _text(value: Any, name: str) -> str | None:
    """An answer, which newer files give as a turn."""
    return fields.answer([value] if isinstance(value, dict) else value, name)


def _prompt(values: Values) -> Conversation:
    asked = [text for name in ("instruction", "input") if (text := fields.optional_text(values, name)) is not None]
    system = fields.optional_text(values, "system")
    turns = () if system is None else (Message("system", system),)
    return (*turns, *_history(values.get("history")), Message("user", "\n".join(asked)))


def _history(value: Any) -> Conversation:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise RowError("has no list of turns in the column 'history'")
    turns: list[Message] = []
    for number, pair in enumerate(value, 1):
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair)):
            raise RowError(f"has no question with its answer in turn {number} of 'history'")
        turns += (Message("user", pair[0]), Message("assistant", pair[1]))
    return tuple(turns)


PLAIN = RowFormat("alpaca", _is_plain, _read_plain, {**_PROMPT, "good": ("output",)})
RANKING = RowFormat(
    "alpaca ranking",
    _is_ranking,
    _read_ranking,
    {**_PROMPT, "good": ("chosen", "output"), "bad": ("rejected", "output")},
)
