"""The seed format, our own: `prompt, completion, bad_example, iteration` and more.

Without `bad_example` a row is a plain fine-tuning example; without `completion` it only shows what is bad.
`prompt` is a text, or a list of turns when there is more than one user turn.
"""

from __future__ import annotations

import json
from typing import Any

from lorastudio.datasets import fields
from lorastudio.datasets.example import Example
from lorastudio.datasets.formats.row_format import RowFormat, Values, others
from lorastudio.domain.messages import Conversation, as_records
from lorastudio.domain.pair import Pair

_KNOWN = ("prompt", "completion", "bad_example", "iteration", "confidence", "margin", "group", "language")


def as_seed_line(pair: Pair) -> bytes:
    """`as_seed_row` as one line."""
    return json.dumps(as_seed_row(pair), ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n"


def as_seed_row(pair: Pair) -> dict[str, Any]:
    """A pair of the library with its lineage; columns that came with it are kept."""
    row: dict[str, Any] = {"prompt": _as_prompt(pair.prompt)}
    if pair.good is not None:
        row["completion"] = pair.good
    if pair.bad is not None:
        row["bad_example"] = pair.bad
    row |= {
        "iteration": pair.iteration,
        "confidence": pair.confidence,
        "margin": pair.margin,
        "group": pair.group,
        "language": pair.language,
    }
    lineage = {
        "id": pair.id,
        "state": pair.state.value,
        "decided_by": pair.decided_by.value,
        "origin": pair.origin.value,
        "split": pair.split.value,
        "cycle": pair.cycle_id,
        "question": pair.question_id,
        "lint": list(pair.lint),
    }
    return {**row, **others(pair.extra, *row), **lineage}


def _as_prompt(prompt: Conversation) -> str | list[dict[str, str]]:
    if len(prompt) == 1 and prompt[0].role == "user":
        return prompt[0].content
    return as_records(prompt)


def _recognises(values: Values) -> bool:
    return "prompt" in values and ("completion" in values or "bad_example" in values)


def _read(values: Values) -> Example:
    return Example(
        prompt=fields.turns(values["prompt"], "prompt"),
        good=fields.answer(values.get("completion"), "completion"),
        bad=fields.answer(values.get("bad_example"), "bad_example"),
        group=fields.optional_text(values, "group"),
        language=fields.optional_text(values, "language"),
        confidence=fields.optional_share(values, "confidence"),
        margin=fields.optional_share(values, "margin"),
        iteration=fields.optional_whole(values, "iteration"),
        extra=others(values, *_KNOWN),
    )


SEED = RowFormat(
    "seed",
    _recognises,
    _read,
    {
        "prompt": ("prompt",),
        "good": ("completion",),
        "bad": ("bad_example",),
        **{name: (name,) for name in ("confidence", "margin", "iteration", "group", "language")},
    },
)
