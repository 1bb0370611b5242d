"""TRL's preference formats and its labelled one (KTO).

Explicit: `prompt, chosen, rejected`, each a text or a list of turns; where the answers repeat the prompt's
turns (as UltraFeedback-binarized does) these are taken off. Implicit: `chosen, rejected` are conversations,
and what they share at their start is the prompt. Labelled: `prompt, completion, label`; false makes it bad.
"""

from __future__ import annotations

from typing import Any

from lorastudio.datasets import fields
from lorastudio.datasets.example import Example, RowError
from lorastudio.datasets.formats.row_format import RowFormat, Values, others
from lorastudio.domain.messages import Conversation


def _is_explicit(values: Values) -> bool:
    return "prompt" in values and ("chosen" in values or "rejected" in values)


def _read_explicit(values: Values) -> Example:
    prompt = fields.turns(values["prompt"], "prompt")
    return Example(
        prompt=prompt,
        good=_answer_after(prompt, values.get("chosen"), "chosen"),
        bad=_answer_after(prompt, values.get("rejected"), "rejected"),
        confidence=fields.optional_share(values, "confidence"),
        extra=others(values, "prompt", "chosen", "rejected", "confidence"),
    )


def _answer_after(prompt: Conversation, value: Any, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return fields.answer(value, name)
    conversation = fields.turns(value, name)
    if len(conversation) > len(prompt) and conversation[: len(prompt)] == prompt:
        conversation = conversation[len(prompt) :]
    return fields.only_answer(conversation, name)


def _is_implicit(values: Values) -> bool:
    return "prompt" not in values and "chosen" in values and "rejected" in values


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


EXPLICIT = RowFormat("trl explicit", _is_explicit, _read_explicit)
IMPLICIT = RowFormat("trl implicit", _is_implicit, _read_implicit)
LABELLED = RowFormat("kto", _is_labelled, _read_labelled)
