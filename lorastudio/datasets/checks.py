"""Checks in code: what can be said about an answer without asking a model.

The `checks` of a question name them: `{"practice": true}` for the four criteria of the practice world, or any
of `min_words`, `max_words` (numbers), `language` ("en", "pt"), `json` (true), `contains`, `forbids` (a text or
a list of texts, case ignored).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lorastudio.datasets.language import ENGLISH, PORTUGUESE, UNKNOWN, detect_language
from lorastudio.domain.errors import UsageError
from lorastudio.practice.critic import critique
from lorastudio.practice.facts import parse_question

FINISHED = "finished"
PRACTICE = "practice"


@dataclass(frozen=True, slots=True)
class _Check:
    """`takes` tells whether a value makes sense for the check; `passes` gets the value and the answer."""

    takes: Callable[[Any], bool]
    passes: Callable[[Any, str], bool]


def validate_checks(checks: Mapping[str, Any]) -> None:
    """`UsageError` that names the first check which is unknown or has a value that makes no sense."""
    for name, value in checks.items():
        check = _CHECKS.get(name)
        if check is None:
            raise UsageError(f"Unknown check {name!r}.", f"Known checks: {', '.join(_CHECKS)}.")
        if not check.takes(value):
            raise UsageError(f"The check {name!r} can't have the value {value!r}.", "See the list of checks.")


def check_answer(checks: Mapping[str, Any], question: str, answer: str, *, truncated: bool = False) -> dict[str, bool]:
    """Whether `answer` passes each check that applies, by name; empty when no check applies.

    An answer that was cut off by the token limit fails "form" of the practice world, and elsewhere "finished",
    which is added to every non-empty set of checks. `UsageError` as `validate_checks`.
    """
    validate_checks(checks)
    if checks.get(PRACTICE):
        return _check_practice(question, answer, truncated)
    passed = {name: _CHECKS[name].passes(value, answer) for name, value in checks.items() if name != PRACTICE}
    return {**passed, FINISHED: not truncated} if passed else {}


def share_passed(passed: Mapping[str, bool]) -> float | None:
    """The share of checks that were passed, 0 to 1; None when there were none."""
    return sum(passed.values()) / len(passed) if passed else None


def _check_practice(question: str, answer: str, truncated: bool) -> dict[str, bool]:
    facts = parse_question(question)
    if facts is None:
        raise UsageError(
            f"The check “practice” can't judge answers to {question[:80]!r}: it is no practice question.",
            "Remove that check from the question.",
        )
    met = critique(facts, answer).met
    return {**met, "form": met["form"] and not truncated}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_language(value: Any) -> bool:
    return value in (ENGLISH, PORTUGUESE)


def _is_texts(value: Any) -> bool:
    return bool(value) and all(isinstance(item, str) and item for item in _as_texts(value))


def _as_texts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_json(wanted: bool, answer: str) -> bool:
    try:
        json.loads(answer)
    except (ValueError, RecursionError):
        return not wanted
    return wanted


def _holds(text: str, answer: str) -> bool:
    return text.casefold() in answer.casefold()


_CHECKS: Mapping[str, _Check] = {
    PRACTICE: _Check(_is_flag, lambda _, __: True),
    "min_words": _Check(_is_count, lambda least, answer: len(answer.split()) >= least),
    "max_words": _Check(_is_count, lambda most, answer: len(answer.split()) <= most),
    "language": _Check(_is_language, lambda wanted, answer: detect_language(answer) in (wanted, UNKNOWN)),
    "json": _Check(_is_flag, _is_json),
    "contains": _Check(_is_texts, lambda texts, answer: all(_holds(text, answer) for text in _as_texts(texts))),
    "forbids": _Check(_is_texts, lambda texts, answer: not any(_holds(text, answer) for text in _as_texts(texts))),
}
