"""Faults planted in good answers, to see whether a critic finds them. Deterministic for a given generator."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from lorastudio.datasets.checks import CITATION
from lorastudio.datasets.language import ENGLISH, PORTUGUESE
from lorastudio.domain.critic_trial import DefectKind

# A sentence ends before a blank and a capital, so that "e.g. 3.5" stays whole.
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[\"“(]?[A-ZÀ-Ý])")
# Figures that say something: not list marks, references, footnotes or parts of names.
_NUMBER = re.compile(r"(?<![\w.,/#-])\d+(?:[.,]\d+)*(?![\w-])")
_LIST_MARK = re.compile(r"^\s*\d+[.)]\s", re.MULTILINE)
_FENCED = re.compile(r"```[^\n]*\n(.*?)```", re.DOTALL)
_CODE_SWAPS: tuple[tuple[str, str], ...] = (
    (r"==", "!="),
    (r"<=", "<"),
    (r">=", ">"),
    (r"\bnot in\b", "in"),
    (r"\bTrue\b", "False"),
    (r"\btrue\b", "false"),
    (r"\+ 1\b", "+ 2"),
    (r"- 1\b", "- 2"),
    (r"\breturn\b", "return not"),
)
_VERBS = {
    ENGLISH: re.compile(r"\b(is|are|was|were|can|will|does|did|has|have)\b(?!\s+(?:not|no|never)\b)"),
    PORTUGUESE: re.compile(r"(?<![Nn]ão )(?<![Nn]em )\b(é|são|foi|foram|está|estão|era|eram|pode|podem|tem|têm)\b"),
}
_HYPE = {
    ENGLISH: "Clearly, this is a truly huge breakthrough.",
    PORTUGUESE: "Claramente, isto é um enorme avanço.",
}
_FOREIGN = {
    ENGLISH: "O restante deste ponto fica explicado em outro lugar, como já se sabe.",
    PORTUGUESE: "The rest of this point is explained elsewhere, as is already known.",
}
# In the practice world a critic may know these faults alone: it reads no meaning beyond its four criteria.
PRACTICE_KINDS = (DefectKind.NUMBER, DefectKind.DROPPED, DefectKind.HYPE)


@dataclass(frozen=True, slots=True)
class Planted:
    """An answer with one fault; `quotes` are the words put in, or those beside what was taken out."""

    kind: DefectKind
    text: str
    quotes: tuple[str, ...]


def plant(text: str, kind: DefectKind, language: str, rng: random.Random) -> Planted | None:
    """`text` with a fault of this kind, None when it offers no place for one."""
    planted = _PLANTERS[kind](text, PORTUGUESE if language.startswith(PORTUGUESE) else ENGLISH, rng)
    return planted if planted is not None and planted.text.strip() not in ("", text.strip()) else None


def plantable(text: str, kinds: Iterable[DefectKind], language: str, rng: random.Random) -> list[Planted]:
    """One fault of each of these kinds that the text has a place for, in the order of `kinds`."""
    return [planted for kind in kinds if (planted := plant(text, kind, language, rng)) is not None]


def _change_number(text: str, language: str, rng: random.Random) -> Planted | None:
    marks = [found.span() for found in _LIST_MARK.finditer(text)] + [found.span() for found in CITATION.finditer(text)]
    places = [
        found
        for found in _NUMBER.finditer(text)
        if not any(start <= found.start() < end for start, end in marks) and int(re.sub(r"\D", "", found.group()))
    ]
    if not places:
        return None
    place = rng.choice(places)
    digits = re.split(r"[.,]", place.group())[0]
    other = str(int(digits) * 3 + 2) + place.group()[len(digits) :]
    return Planted(DefectKind.NUMBER, text[: place.start()] + other + text[place.end() :], (other,))


def _negate(text: str, language: str, rng: random.Random) -> Planted | None:
    prose = _FENCED.split(text)[0]
    places = list(_VERBS[language].finditer(prose))
    if not places:
        return None
    place = rng.choice(places)
    negated = f"{place.group()} not" if language == ENGLISH else f"não {place.group()}"
    return Planted(DefectKind.NEGATION, text[: place.start()] + negated + text[place.end() :], (negated,))


def _drop_sentence(text: str, language: str, rng: random.Random) -> Planted | None:
    """Take out the sentence that says most: one with figures, else the longest."""
    spans = _sentences(text)
    if len(spans) < 2:
        return None
    start, end = max(spans, key=lambda span: (bool(re.search(r"\d", text[slice(*span)])), span[1] - span[0]))
    return Planted(DefectKind.DROPPED, (text[:start].rstrip() + " " + text[end:].lstrip()).strip(), ())


def _add_hype(text: str, language: str, rng: random.Random) -> Planted | None:
    return _with_sentence(text, DefectKind.HYPE, _HYPE[language], rng)


def _switch_language(text: str, language: str, rng: random.Random) -> Planted | None:
    return _with_sentence(text, DefectKind.LANGUAGE, _FOREIGN[language], rng)


def _remove_citations(text: str, language: str, rng: random.Random) -> Planted | None:
    if not CITATION.search(text):
        return None
    return Planted(DefectKind.CITATION, re.sub(rf"\s?(?:{CITATION.pattern})", "", text), ())


def _break_code(text: str, language: str, rng: random.Random) -> Planted | None:
    places = [
        (block.start(1) + found.start(), block.start(1) + found.end(), other)
        for block in _FENCED.finditer(text)
        for pattern, other in _CODE_SWAPS
        for found in re.finditer(pattern, block.group(1))
    ]
    if not places:
        return None
    start, end, other = rng.choice(places)
    return Planted(DefectKind.CODE, text[:start] + other + text[end:], (other,))


def _with_sentence(text: str, kind: DefectKind, sentence: str, rng: random.Random) -> Planted | None:
    """A sentence put in after one of the text's own."""
    spans = _sentences(text)
    if not spans:
        return None
    _, end = rng.choice(spans)
    return Planted(kind, f"{text[:end]} {sentence}{text[end:]}", (sentence,))


def _sentences(text: str) -> list[tuple[int, int]]:
    """Where the sentences outside of code stand; a sentence ends with its line at the latest."""
    fenced = [found.span() for found in _FENCED.finditer(text)]
    spans: list[tuple[int, int]] = []
    for line in re.finditer(r"[^\n]+", text):
        if any(start <= line.start() < end for start, end in fenced) or not re.search(r"[.!?]", line.group()):
            continue
        start = line.start()
        for gap in _SENTENCE_END.finditer(line.group()):
            spans.append((start, line.start() + gap.start()))
            start = line.start() + gap.end()
        spans.append((start, line.end()))
    return [(start, end) for start, end in spans if len(text[start:end].split()) > 1]


_PLANTERS: Mapping[DefectKind, Callable[[str, str, random.Random], Planted | None]] = {
    DefectKind.NUMBER: _change_number,
    DefectKind.NEGATION: _negate,
    DefectKind.DROPPED: _drop_sentence,
    DefectKind.HYPE: _add_hype,
    DefectKind.CITATION: _remove_citations,
    DefectKind.LANGUAGE: _switch_language,
    DefectKind.CODE: _break_code,
}
