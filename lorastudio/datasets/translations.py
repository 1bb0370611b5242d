"""Translations: the same content in English and in Portuguese, recognised by what a translation keeps.

Numbers stay the same whatever the language, and so do most names: words with a capital inside a sentence, with digits
in them, or all in capitals. Where embeddings are at hand they decide together with the numbers; without them so much
has to be shared that two templated questions which differ in a word are not taken for each other.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

from lorastudio.datasets.groups import question_of
from lorastudio.datasets.language import ENGLISH, PORTUGUESE, detect_language
from lorastudio.domain.pair import NewPair

LEAST_SHARED = 4
NAMES_JACCARD = 0.75
# Translations between the two differ in length by about a fifth; this leaves room for short texts.
MOST_LENGTH_RATIO = 1.8
SEEN_CHARACTERS = 4_000

_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?![\w])")
_THOUSANDS = re.compile(r"[.,](?=\d{3}(?:[.,]|$))")
# Only inside a sentence, where a capital is no beginning.
_NAME = re.compile(r"(?<=[\w,;] )[A-ZÀ-Ý][\w-]{2,}|\b(?=\w*\d)(?=\w*[A-Za-z])\w{2,}\b|\b[A-Z]{2,}\b")

Key = TypeVar("Key", bound=Hashable)


class Gist(NamedTuple):
    """What a translation keeps of a text, and its length in characters; `language` is empty when it is neither."""

    language: str
    numbers: frozenset[str]
    names: frozenset[str]
    length: int


def numbers_of(text: str) -> frozenset[str]:
    """The numbers of a text, written the same in both languages."""
    return frozenset(map(_plain_number, _NUMBER.findall(text)))


def gist(text: str) -> Gist:
    """The gist of a text's beginning."""
    seen = text[:SEEN_CHARACTERS]
    language = detect_language(seen)
    return Gist(
        language if language in (ENGLISH, PORTUGUESE) else "",
        numbers_of(seen),
        frozenset(name.casefold() for name in _NAME.findall(seen)),
        len(text),
    )


def gist_of(pair: NewPair) -> Gist:
    """The gist of a pair's question with its good answer (or the bad one, where it is alone)."""
    return gist(f"{question_of(pair.prompt)}\n{pair.good or pair.bad or ''}")


def may_translate(one: Gist, other: Gist) -> bool:
    """Whether nothing speaks against one text being the other in the other language; embeddings must say the rest."""
    if {one.language, other.language} != {ENGLISH, PORTUGUESE} or one.numbers != other.numbers:
        return False
    return max(one.length, other.length) <= MOST_LENGTH_RATIO * min(one.length, other.length)


def translates(one: Gist, other: Gist) -> bool:
    """Whether two texts share so many numbers and names that they say the same, without any embedding."""
    if not may_translate(one, other):
        return False
    shared = len(one.names & other.names)
    every = len(one.names | other.names)
    return len(one.numbers) + shared >= LEAST_SHARED and shared >= NAMES_JACCARD * every


class TranslationIndex(Generic[Key]):
    """Gists under keys; finds those that are translations by numbers and names alone."""

    def __init__(self) -> None:
        self._by_numbers: defaultdict[tuple[str, frozenset[str]], list[tuple[Gist, Key]]] = defaultdict(list)

    def add(self, key: Key, found: Gist) -> None:
        """Remember a gist; those without a number or a name are forgotten at once."""
        if found.language and len(found.numbers) + len(found.names) >= LEAST_SHARED:
            self._by_numbers[found.language, found.numbers].append((found, key))

    def translations(self, found: Gist) -> list[Key]:
        """The keys of the translations of a gist, in the order in which they were added."""
        other = {ENGLISH: PORTUGUESE, PORTUGUESE: ENGLISH}.get(found.language, "")
        near = self._by_numbers.get((other, found.numbers), ())
        return [key for candidate, key in near if translates(found, candidate)]


def _plain_number(text: str) -> str:
    """A number without its language: "1.234,5" and "1,234.5" are both 1234.5. "1.234" is taken for 1234 in both."""
    if len(text) > 4 and _THOUSANDS.search(text):
        text = _THOUSANDS.sub("", text)
    whole, _, rest = text.replace(",", ".").partition(".")
    return f"{whole.lstrip('0') or '0'}.{rest}" if rest else whole.lstrip("0") or "0"
