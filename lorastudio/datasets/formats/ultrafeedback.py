"""UltraFeedback-binarized: `prompt, prompt_id, chosen, rejected, messages, score_chosen, score_rejected`.

`chosen` and `rejected` are whole conversations, the user's turn included; scores run from 1 to 10.
Source: https://huggingface.co/datasets/HuggingFaceH4/ultrafeedback_binarized
"""

from __future__ import annotations

from dataclasses import replace

from lorastudio.datasets import fields
from lorastudio.datasets.example import Example
from lorastudio.datasets.formats import trl
from lorastudio.datasets.formats.row_format import RowFormat, Values, others

# The names that the scores have in the data set and in its cleaned editions.
_SCORES = (("score_chosen", "score_rejected"), ("chosen-rating", "rejected-rating"), ("chosen_score", "rejected_score"))
_SCORE_RANGE = 9.0


def _recognises(values: Values) -> bool:
    named = any(better in values and worse in values for better, worse in _SCORES)
    return named and "prompt" in values and isinstance(values.get("chosen"), list) and "rejected" in values


def _read(values: Values) -> Example:
    found = trl.EXPLICIT.read(others(values, "messages"))
    return replace(found, margin=_margin(values))


def _margin(values: Values) -> float | None:
    """The difference of the scores from 0 to 1; None where one is missing or the chosen answer has no more."""
    for names in _SCORES:
        better, worse = (fields.optional_number(values, name) for name in names)
        if better is not None and worse is not None:
            share = (better - worse) / _SCORE_RANGE
            return share if 0.0 < share <= 1.0 else None
    return None


ULTRAFEEDBACK = RowFormat(
    "ultrafeedback",
    _recognises,
    _read,
    {"prompt": ("prompt", "chosen"), "good": ("chosen",), "bad": ("rejected",), "margin": _SCORES[0]},
)
