"""What annotation tools hand out: texts with what people said of them, as a prompt with a good and a bad answer.

A verdict is a choice (the name of a text, or left and right), an order from best to worst, or a text of the
annotator's own. Where several people annotated, most of them decide.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from lorastudio.datasets.example import RowError

PROMPTS = ("prompt", "instruction", "question", "query", "input", "user", "context", "source")
_NO_ANSWERS = frozenset(("system", "system_prompt", "id", "status", "context", "source"))
_BETTER = ("chosen", "better", "preferred", "good")
_WORSE = ("rejected", "worse", "bad")
_PLACES = {"left": 0, "right": 1, "a": 0, "b": 1, "1": 0, "2": 1, "first": 0, "second": 1}
_PUNCTUATION = re.compile(r"[\s_.-]+")


class Annotated(NamedTuple):
    """A prompt and what was found good and bad."""

    prompt: str
    good: str | None
    bad: str | None


class _Outcome(NamedTuple):
    good: str | None
    bad: str | None


def decide(texts: Mapping[str, str], verdicts: Sequence[Any], *, prompt_name: str | None = None) -> Annotated:
    """What the verdicts say about the texts (by name, in order). RowError where they say nothing, or disagree."""
    name = prompt_name or next((name for name in PROMPTS if texts.get(name)), None)
    if name is None:
        raise RowError(f"has no prompt; it was looked for under {', '.join(PROMPTS)}")
    answers = {key: text for key, text in texts.items() if key != name and key not in _NO_ANSWERS and text}
    better, worse = (next((answers[key] for key in names if key in answers), None) for names in (_BETTER, _WORSE))
    if better is not None and worse is not None:
        return Annotated(texts[name], better, worse)
    outcomes = Counter(found for verdict in verdicts if (found := _outcome(verdict, answers)) is not None)
    if not outcomes:
        raise RowError("has no annotation that tells a good answer")
    (first, votes), *more = outcomes.most_common(2)
    if more and more[0][1] == votes:
        raise RowError("has annotators who disagree")
    return Annotated(texts[name], first.good, first.bad)


def _outcome(verdict: Any, answers: Mapping[str, str]) -> _Outcome | None:
    """What one verdict makes good and bad; None when it tells nothing about answers (a rating, a tag)."""
    if isinstance(verdict, str):
        place = _place(verdict, answers)
        if place is None:
            return _written(verdict, answers)
        return _ordered([place, *(key for key in answers if key != place)], answers) if len(answers) > 1 else None
    if isinstance(verdict, list):
        return _ordered(_by_rank(verdict, answers), answers)
    return None


def _written(text: str, answers: Mapping[str, str]) -> _Outcome | None:
    """An answer that the annotator wrote, against the only one that was shown."""
    if not text.strip():
        return None
    shown = next(iter(answers.values())) if len(answers) == 1 else None
    return _Outcome(text, shown if shown != text else None)


def _ordered(keys: Sequence[str], answers: Mapping[str, str]) -> _Outcome | None:
    """The best against the last; of two they are the choice itself."""
    return _Outcome(answers[keys[0]], answers[keys[-1]]) if len(keys) > 1 else None


def _by_rank(verdict: Iterable[Any], answers: Mapping[str, str]) -> list[str]:
    ranked = []
    for position, item in enumerate(verdict):
        name = item.get("value") if isinstance(item, dict) else item
        rank = item.get("rank") if isinstance(item, dict) else position
        key = _place(name, answers) if isinstance(name, str) else None
        if key is not None and isinstance(rank, (int, float)):
            ranked.append((rank, key))
    return [key for _, key in sorted(ranked)]


def _place(word: str, answers: Mapping[str, str]) -> str | None:
    """The answer that a word names, by its column or its place; None when it names none."""
    if word in answers:
        return word
    plain = _PUNCTUATION.sub("", word).casefold()
    for key in answers:
        if plain and plain == _PUNCTUATION.sub("", key).casefold():
            return key
    place = _PLACES.get(plain)
    return list(answers)[place] if place is not None and len(answers) > place else None
