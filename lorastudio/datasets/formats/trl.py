"""TRL's preference formats and its labelled one (KTO).

Explicit: `prompt, chosen, rejected`, each a text or a list of turns; where the answers repeat the prompt's turns
(as UltraFeedback-binarized does), or begin with more turns that end with the prompt, all but the last turn is the
prompt. A prompt that is a transcript of HH-RLHF is read as its turns. Implicit: `chosen, rejected` are conversations,
and what they share at their start is the prompt. Labelled: `prompt, completion, label`; false makes it bad.
"""

from __future__ import annotations

from typing import Any

from lorastudio.datasets import fields
from lorastudio.datasets.example import Example, RowError
from lorastudio.datasets.formats.row_format import RowFormat, Values, others
from lorastudio.datasets.transcripts import human_assistant
from lorastudio.domain.messages import Conversation, Message


def _is_explicit(values: Values) -> bool:
    return "prompt" in values and ("chosen" in values or "rejected" in values)


def _read_explicit(values: Values) -> Example:
    asked = fields.turns(values["prompt"], "prompt")
    if isinstance(values["prompt"], str) and (turns := human_assistant(values["prompt"])):
        # A transcript that is to be answered ends with the word that the answer follows, a blank between them.
        asked = turns[:-1] if turns[-1] == Message("assistant", "") else turns
        values = {**values, **{name: _stripped(values.get(name)) for name in ("chosen", "rejected")}}
    good_prompt, good = _answer_after(asked, values.get("chosen"), "chosen")
    bad_prompt, bad = _answer_after(asked, values.get("rejected"), "rejected")
    if good is not None and bad is not None and good_prompt != bad_prompt:
        raise RowError("has two conversations that differ before their last answer")
    return Example(
        prompt=bad_prompt if good is None else good_prompt,
        good=good,
        bad=bad,
        confidence=fields.optional_share(values, "confidence"),
        extra=others(values, "prompt", "chosen", "rejected", "confidence"),
    )


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _answer_after(asked: Conversation, value: Any, name: str) -> tuple[Conversation, str | None]:
    """The prompt and the answer of a conversation that may repeat the prompt."""
    if value is None or isinstance(value, str):
        return asked, fields.answer(value, name)
    conversation = fields.turns(value, name)
    before = conversation[:-1]
    if before and before[-len(asked) :] == asked:
        return before, fields.only_answer(conversation[-1:], name)
    return asked, fields.only_answer(conversation, name)


def _is_implicit(values: Values) -> bool:
    return "prompt" not in values and "chosen" in values and "rejected" in values and "conversations" not in values


def _read_implicit(values: Values) -> Example:
    for name in ("chosen", "rejected"):
        if not isinstance(values[name], list):
            raise RowError(f"has no prompt, and {name!r} is not a conversation that could hold one")
    chosen, rejected = fields.turns(values["chosen"], "chosen"), fields.turns(values["rejected"], "rejected")
    shared = next((at for at, turn in enumerate(chosen) if rejected[at : at + 1] != (turn,)), len(chosen))
    if shared == len(chosen) == len(rejected):
        raise RowError("has the same conversation as chosen and as rejected")
    return Example(
        prompt=chosen[:shared],
        good=fields.only_answer(chosen[shared:], "chosen"),
        bad=fields.only_answer(rejected[shared:], "rejected"),
        confidence=fields.optional_share(values, "confidence"),
        extra=others(values, "chosen", "rejected", "confidence"),
    )


def _is_labelled(values: Values) -> bool:
    return "prompt" in values and "completion" in values and isinstance(values.get("label"), bool)


def _read_labelled(values: Values) -> Example:
    text = fields.answer(values["completion"], "completion")
    return Example(
        prompt=fields.turns(values["prompt"], "prompt"),
        good=text if values["label"] else None,
        bad=None if values["label"] else text,
        confidence=fields.optional_share(values, "confidence"),
        extra=others(values, "prompt", "completion", "label", "confidence"),
    )


_ANSWERS = {"good": ("chosen",), "bad": ("rejected",)}
EXPLICIT = RowFormat("trl explicit", _is_explicit, _read_explicit, {"prompt": ("prompt",), **_ANSWERS})
IMPLICIT = RowFormat("trl implicit", _is_implicit, _read_implicit, {"prompt": ("chosen", "rejected"), **_ANSWERS})
LABELLED = RowFormat(
    "kto",
    _is_labelled,
    _read_labelled,
    {"prompt": ("prompt",), "good": ("completion",), "bad": ("completion",), "good or bad": ("label",)},
)
