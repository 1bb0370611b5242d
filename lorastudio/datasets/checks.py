"""Checks in code: what can be said about an answer without asking a model.

The `checks` of a question name them: `{"practice": true}` for the four criteria of the practice world, or any
of `min_words`, `max_words` (numbers), `language` ("en", "pt"), `json` (true), `contains`, `forbids` (a text or
a list of texts, wherever they stand, case ignored), `banned_phrases` (the same, as whole words alone),
`citations` (how many at least: [1], (Silva, 2020), an address or DOI), `numbers_kept` (true: every number of the
question stands in the answer; or a source text, or a list of numbers, that it keeps; digits alone are compared,
with "." and "," alike).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lorastudio.datasets.language import ENGLISH, PORTUGUESE, UNKNOWN, detect_language
from lorastudio.datasets.words import words
from lorastudio.domain.errors import UsageError
from lorastudio.practice.critic import critique
from lorastudio.practice.facts import parse_question

FINISHED = "finished"
PRACTICE = "practice"
# [1], [2, 3], (Silva, 2020), (Silva et al., 2020a), an address or a DOI.
CITATION = re.compile(
    r"\[\d+(?:\s*[,–-]\s*\d+)*\]"
    r"|\((?:[A-ZÀ-Ý][\w'’-]+(?:\s(?:et al\.|and|e|&)\s?[\w'’-]*)?,?\s)+(?:19|20)\d\d[a-z]?\)"
    r"|(?:https?://|doi:\s?)\S+[\w/]"
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class _Check:
    """`takes` tells whether a value makes sense for the check; `passes` gets the value, question and answer."""

    takes: Callable[[Any], bool]
    passes: Callable[[Any, str, str], bool]


def validate_checks(checks: Mapping[str, Any]) -> None:
    """`UsageError` that names the first check which is unknown or has a value that makes no sense."""
    for name, value in checks.items():
        check = _CHECKS.get(name)
        if check is None:
            raise UsageError(f"Unknown check {name!r}.", f"Known checks: {', '.join(_CHECKS)}.")
        if not check.takes(value):
            raise UsageError(f"The check {name!r} can't have the value {value!r}.", "See the list of checks.")


def with_defaults(checks: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """A question's own checks before those of its cycle; null takes a default back. Practice questions have theirs."""
    if checks.get(PRACTICE):
        return dict(checks)
    return {name: value for name, value in {**defaults, **checks}.items() if value is not None}


def check_answer(checks: Mapping[str, Any], question: str, answer: str, *, truncated: bool = False) -> dict[str, bool]:
    """Whether `answer` passes each check that applies, by name; empty when no check applies.

    An answer that was cut off by the token limit fails "form" of the practice world, and elsewhere "finished",
    which is added to every non-empty set of checks. `UsageError` as `validate_checks`.
    """
    validate_checks(checks)
    if checks.get(PRACTICE):
        return _check_practice(question, answer, truncated)
    passed = {name: _CHECKS[name].passes(value, question, answer) for name, value in checks.items() if name != PRACTICE}
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


def _is_json(wanted: bool, _: str, answer: str) -> bool:
    try:
        json.loads(answer)
    except (ValueError, RecursionError):
        return not wanted
    return wanted


def _holds(text: str, answer: str) -> bool:
    return text.casefold() in answer.casefold()


def _says(phrase: str, answer: str) -> bool:
    """Whether the words of a phrase stand in a row."""
    return f" {' '.join(words(phrase))} " in f" {' '.join(words(answer))} "


def _is_source(value: Any) -> bool:
    return value is True or (bool(value) and all(isinstance(item, (str, int, float)) for item in _as_texts(value)))


def _keeps_numbers(source: Any, question: str, answer: str) -> bool:
    wanted = [question] if source is True else _as_texts(source)
    return all(numbers_of(str(text)) <= numbers_of(answer) for text in wanted)


def numbers_of(text: str) -> set[str]:
    """The numbers of a text in one form: no sign between thousands, a point before decimals, no zeros at the ends."""
    return {_plain_number(found) for found in _NUMBER.findall(text)}


def _plain_number(digits: str) -> str:
    whole, *groups = re.split(r"[.,]", digits)
    if groups and all(len(group) == 3 for group in groups) and whole != "0":
        whole, groups = whole + "".join(groups), []
    decimals = groups.pop() if groups else ""
    whole = (whole + "".join(groups)).lstrip("0") or "0"
    return f"{whole}.{decimals.rstrip('0')}".rstrip(".")


_CHECKS: Mapping[str, _Check] = {
    PRACTICE: _Check(_is_flag, lambda *_: True),
    "min_words": _Check(_is_count, lambda least, _, answer: len(answer.split()) >= least),
    "max_words": _Check(_is_count, lambda most, _, answer: len(answer.split()) <= most),
    "language": _Check(_is_language, lambda wanted, _, answer: detect_language(answer) in (wanted, UNKNOWN)),
    "json": _Check(_is_flag, _is_json),
    "contains": _Check(_is_texts, lambda texts, _, answer: all(_holds(text, answer) for text in _as_texts(texts))),
    "forbids": _Check(_is_texts, lambda texts, _, answer: not any(_holds(text, answer) for text in _as_texts(texts))),
    "banned_phrases": _Check(
        lambda texts: _is_texts(texts) and all(words(text) for text in _as_texts(texts)),
        lambda texts, _, answer: not any(_says(text, answer) for text in _as_texts(texts)),
    ),
    "citations": _Check(_is_count, lambda least, _, answer: len(CITATION.findall(answer)) >= least),
    "numbers_kept": _Check(_is_source, _keeps_numbers),
}
