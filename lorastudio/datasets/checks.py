"""Checks in code: what can be said about an answer without asking a model.

The `checks` of a question name them: `{"practice": true}` for the four criteria of the practice world, or any
of `min_words`, `max_words` (numbers), `language` ("en", "pt"), `json` (true), `contains`, `forbids` (a text or
a list of texts, case ignored).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from lorastudio.datasets.language import detect_language
from lorastudio.domain.errors import UsageError
from lorastudio.practice.critic import critique
from lorastudio.practice.facts import parse_question

FINISHED = "finished"
_PRACTICE = "practice"


def check_answer(checks: Mapping[str, Any], question: str, answer: str, *, truncated: bool = False) -> dict[str, bool]:
    """Whether `answer` passes each check that applies, by name; empty when no check applies.

    An answer that was cut off by the token limit fails "form" of the practice world, and elsewhere "finished",
    which is added to every non-empty set of checks. `UsageError` for a check that nobody knows.
    """
    if checks.get(_PRACTICE):
        return _check_practice(question, answer, truncated)
    wanted = {name: value for name, value in checks.items() if name != _PRACTICE}
    passed = {name: _known(name, value)(value, answer) for name, value in wanted.items()}
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


def _known(name: str, value: Any) -> Callable[[Any, str], bool]:
    check = _CHECKS.get(name)
    if check is None:
        raise UsageError(f"Unknown check {name!r}.", f"Known checks: {', '.join(sorted(_CHECKS))} and practice.")
    return check


def _as_texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value]


def _is_json(wanted: Any, answer: str) -> bool:
    try:
        json.loads(answer)
    except (ValueError, RecursionError):
        return not wanted
    return bool(wanted)


def _contains(wanted: Any, answer: str) -> bool:
    return all(text.casefold() in answer.casefold() for text in _as_texts(wanted))


def _forbids(unwanted: Any, answer: str) -> bool:
    return not any(text.casefold() in answer.casefold() for text in _as_texts(unwanted))


_CHECKS: Mapping[str, Callable[[Any, str], bool]] = {
    "min_words": lambda least, answer: len(answer.split()) >= int(least),
    "max_words": lambda most, answer: len(answer.split()) <= int(most),
    "language": lambda wanted, answer: detect_language(answer) in (wanted, ""),
    "json": _is_json,
    "contains": _contains,
    "forbids": _forbids,
}
