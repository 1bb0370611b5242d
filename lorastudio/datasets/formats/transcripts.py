"""Rows whose texts are whole transcripts: HH-RLHF's pairs, and plain `text`.

HH-RLHF: `chosen, rejected`, each "\\n\\nHuman: … \\n\\nAssistant: …", equal up to the last answer
(https://huggingface.co/datasets/Anthropic/hh-rlhf). Plain `text` is read when it is a conversation, or when the
import was given the prompt that all such texts answer.
"""

from __future__ import annotations

from lorastudio.datasets import fields
from lorastudio.datasets.example import Example, RowError
from lorastudio.datasets.formats.row_format import RowFormat, Values, others
from lorastudio.datasets.transcripts import human_assistant, transcript
from lorastudio.domain.messages import Conversation, user

_ANSWERS = frozenset(("completion", "bad_example", "chosen", "rejected", "output", "messages", "conversations"))


def _is_pair(values: Values) -> bool:
    return "prompt" not in values and isinstance(values.get("chosen"), str) and isinstance(values.get("rejected"), str)


def _read_pair(values: Values) -> Example:
    prompt, good = _split(values["chosen"], "chosen")
    other_prompt, bad = _split(values["rejected"], "rejected")
    if prompt != other_prompt:
        raise RowError("has two transcripts that differ before their last answer")
    return Example(
        prompt=prompt,
        good=fields.optional_text({"chosen": good}, "chosen"),
        bad=fields.optional_text({"rejected": bad}, "rejected"),
        extra=others(values, "chosen", "rejected"),
    )


def _split(text: str, name: str) -> tuple[Conversation, str]:
    turns = human_assistant(text)
    if turns is None:
        raise RowError(f"has no prompt, and {name!r} is no transcript of Human and Assistant that could hold one")
    if turns[-1].role != "assistant":
        raise RowError(f"has a transcript in {name!r} that does not end with an answer")
    return turns[:-1], turns[-1].content


def _is_text(values: Values) -> bool:
    return isinstance(values.get("text"), str) and not values.keys() & _ANSWERS


def _read_text(values: Values) -> Example:
    text = fields.optional_text(values, "text")
    extra = others(values, "text", "prompt")
    turns = transcript(text or "")
    if turns is not None:
        last = max(at for at, turn in enumerate(turns) if turn.role == "assistant")
        good = fields.optional_text({"text": turns[last].content}, "text")
        return Example(turns[:last], good, None, extra=extra, earlier_answers=fields.answers_in(turns[:last]))
    given = fields.optional_text(values, "prompt")
    if given is None:
        raise RowError("is plain text without a prompt; say with --prompt what such texts answer")
    return Example(user(given), text, None, extra=extra)


HH_RLHF = RowFormat(
    "hh-rlhf", _is_pair, _read_pair, {"prompt": ("chosen", "rejected"), "good": ("chosen",), "bad": ("rejected",)}
)
TEXT = RowFormat("text", _is_text, _read_text, {"prompt": ("prompt", "text"), "good": ("text",)}, 0.7)
