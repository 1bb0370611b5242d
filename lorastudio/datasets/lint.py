"""Lint: what a person should know about a pair before accepting it. Findings advise, they don't decide."""

from __future__ import annotations

import math
from difflib import SequenceMatcher
from enum import StrEnum

from lorastudio.datasets.language import detect_language, languages_differ
from lorastudio.datasets.words import words
from lorastudio.domain.messages import Conversation
from lorastudio.domain.pair import NewPair

TRIVIAL_SIMILARITY = 0.95
LENGTH_RATIO = 1.5
# The default limit of a run, at 4 characters a token; the worker counts real tokens and lists what it leaves out.
MAX_TOKENS = 2048
CHARACTERS_PER_TOKEN = 4


class Finding(StrEnum):
    """`NEAR_DUPLICATE` and `HELDOUT_CLASH` come from comparing with other pairs, see `neighbours`."""

    SAME_TEXT = "same text"
    TRIVIAL_EDIT = "trivial edit"
    LENGTH_BIAS = "length bias"
    LANGUAGES_DIFFER = "languages differ"
    TOO_LONG = "too long"
    NEAR_DUPLICATE = "near duplicate"
    HELDOUT_CLASH = "near held-out text"


def lint(prompt: Conversation, good: str | None, bad: str | None, max_tokens: int = MAX_TOKENS) -> list[Finding]:
    """The findings that the texts alone give, in a fixed order."""
    found = []
    if good is not None and bad is not None:
        found = _compare(good, bad)
    longest = max(len(good or ""), len(bad or ""))
    if sum(len(message.content) for message in prompt) + longest > max_tokens * CHARACTERS_PER_TOKEN:
        found.append(Finding.TOO_LONG)
    return found


def lint_pair(pair: NewPair) -> tuple[str, ...]:
    """`lint`, as a pair keeps it."""
    return tuple(lint(pair.prompt, pair.good, pair.bad))


def _compare(good: str, bad: str) -> list[Finding]:
    one, other = words(good), words(bad)
    found = []
    if good == bad or (one == other and one):
        found.append(Finding.SAME_TEXT)
    elif _similar(one, other):
        found.append(Finding.TRIVIAL_EDIT)
    if abs(math.log(max(len(good), 1) / max(len(bad), 1))) > math.log(LENGTH_RATIO):
        found.append(Finding.LENGTH_BIAS)
    if languages_differ(detect_language(good, one), detect_language(bad, other)):
        found.append(Finding.LANGUAGES_DIFFER)
    return found


def _similar(one: list[str], other: list[str]) -> bool:
    """Whether the word sequences match to more than 95% (twice the matching words over all words)."""
    most_apart = (1.0 - TRIVIAL_SIMILARITY) * (len(one) + len(other))
    # Two cheap bounds on how many words stand alone: by the lengths, and by those that only one of the texts has.
    if abs(len(one) - len(other)) >= most_apart or len(set(one) ^ set(other)) >= most_apart:
        return False
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return all(ratio() > TRIVIAL_SIMILARITY for ratio in (matcher.quick_ratio, matcher.ratio))
