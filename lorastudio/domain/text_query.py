"""What a person types to search texts, and where a text says it.

Words are beginnings (`anneal` finds "annealed", `recoz` finds "recozido"), but those of one or two letters are whole
words (`Co` is cobalt); a phrase in quotes is whole words in this order. All must occur, in any of a pair's texts. Case
and accents don't count. There is no stemmer: the
usual one cuts English endings off Portuguese words too, and a word that is still being typed would be cut
otherwise than the whole one; beginnings do the same work in both languages, and the person sees why.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# As SQLite's unicode61 tokenizer sees words: letters and digits of any script, with their accents.
_WORD = re.compile(r"(?:[^\W_]|[\u0300-\u036f])+")
_CHUNK = re.compile(r'"([^"]*)"|([^\s"]+)')

# From so many letters on a word is a beginning: fewer are in nearly every text, and found by no person.
OPEN_FROM = 3

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Term:
    """Words that must follow each other; where `open`, the last one may go on."""

    words: tuple[str, ...]
    open: bool


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text around its first match; `spans` are the matches in it, as (start, end) of characters."""

    text: str
    spans: tuple[Span, ...]
    cut_before: bool
    cut_after: bool


def parse_query(text: str) -> tuple[Term, ...]:
    """The terms of what was typed; none when it holds no word. An open quote that never ends is left out."""
    terms = []
    for found in _CHUNK.finditer(text):
        quoted, bare = found.groups()
        if words := tuple(_WORD.findall(bare if quoted is None else quoted)):
            terms.append(Term(words, open=quoted is None and len(words[-1]) >= OPEN_FROM))
    return tuple(terms)


def find_spans(terms: tuple[Term, ...], text: str) -> tuple[Span, ...]:
    """Where the text says any of the terms, in order and without overlaps."""
    places = [(found.start(), found.end()) for found in _WORD.finditer(text)]
    folded = [fold(text[start:end]) for start, end in places]
    spans: list[Span] = []
    for term in terms:
        wanted = [fold(word) for word in term.words]
        for first in range(len(folded) - len(wanted) + 1):
            if _says(folded[first : first + len(wanted)], wanted, term.open):
                spans.append((places[first][0], places[first + len(wanted) - 1][1]))
    return _merged(spans)


def snippet(terms: tuple[Term, ...], text: str, width: int) -> Snippet | None:
    """At most `width` characters around the first match; None when there is none."""
    spans = find_spans(terms, text)
    if not spans:
        return None
    start = max(0, min(spans[0][0] - width // 4, len(text) - width))
    end = min(len(text), start + width)
    shown = tuple((max(a, start) - start, min(b, end) - start) for a, b in spans if a < end and b > start)
    return Snippet(text[start:end], shown, cut_before=start > 0, cut_after=end < len(text))


def fold(word: str) -> str:
    """The word without case and accents."""
    if word.isascii():
        return word.lower()
    return "".join(c for c in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(c))


def _says(words: list[str], wanted: list[str], open_end: bool) -> bool:
    if words[:-1] != wanted[:-1]:
        return False
    return words[-1].startswith(wanted[-1]) if open_end else words[-1] == wanted[-1]


def _merged(spans: list[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
