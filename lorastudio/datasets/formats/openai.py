"""OpenAI's fine-tuning formats: chat (`messages`) and preference (`input.messages, preferred_output,
non_preferred_output`)."""

from __future__ import annotations

from lorastudio.datasets import fields
from lorastudio.datasets.example import Example, RowError
from lorastudio.datasets.formats.row_format import RowFormat, Values, others


def _is_chat(values: Values) -> bool:
    return "messages" in values and "prompt" not in values


def _read_chat(values: Values) -> Example:
    """The last answer that may be trained on is the good one, the turns before it are its prompt."""
    turns = fields.weighted_turns(values["messages"], "messages")
    answers = [at for at, (message, _) in enumerate(turns) if message.role == "assistant"]
    trained = [at for at in answers if turns[at][1]]
    if not trained:
        raise RowError("has no answer" if not answers else "has weight 0 on every answer")
    last = trained[-1]
    return Example(
        prompt=tuple(message for message, _ in turns[:last]),
        good=fields.only_answer([turns[last][0]], "messages"),
        bad=None,
        extra=others(values, "messages"),
        earlier_answers=fields.answers_in(message for message, _ in turns[:last]),
    )


def _is_preference(values: Values) -> bool:
    return "input" in values and "preferred_output" in values and "non_preferred_output" in values


def _read_preference(values: Values) -> Example:
    given = values["input"]
    if not isinstance(given, dict):
        raise RowError("has no messages in the column 'input'")
    return Example(
        prompt=fields.turns(given.get("messages"), "input.messages"),
        good=fields.answer(values["preferred_output"], "preferred_output"),
        bad=fields.answer(values["non_preferred_output"], "non_preferred_output"),
        extra=others(values, "input", "preferred_output", "non_preferred_output"),
    )


CHAT = RowFormat("openai chat", _is_chat, _read_chat, {"prompt": ("messages",), "good": ("messages",)})
PREFERENCE = RowFormat(
    "openai preference",
    _is_preference,
    _read_preference,
    {"prompt": ("input",), "good": ("preferred_output",), "bad": ("non_preferred_output",)},
)
