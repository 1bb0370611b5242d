"""The critic of the practice world: a program that is exact about the four criteria, with quotes."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from lorastudio.domain.draft import Issue
from lorastudio.practice.criteria import CRITERIA
from lorastudio.practice.facts import Facts
from lorastudio.practice.lexicon import LEXICONS, TEMPERATURE_UNIT, Lexicon

__all__ = ["CRITERIA", "PracticeCritique", "critique"]

_WORD = re.compile(r"[^\s.,:!]+|[.,:!]")
_SENTENCE = re.compile(r"[^.!]+")
# How much of a text is quoted when its end is wrong, in characters.
_TAIL_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class PracticeCritique:
    """Which criteria a text meets, and the issues with the others. `met` holds all four names."""

    met: dict[str, bool]
    issues: tuple[Issue, ...]

    @property
    def score(self) -> float:
        """The share of met criteria, 0 to 1."""
        return sum(self.met.values()) / len(self.met)


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Figure:
    """A number in a text with what it is said to be: kind is "temperature", "time", "runs" or ""."""

    kind: str
    value: str
    quote: str


def critique(facts: Facts, text: str) -> PracticeCritique:
    """Judge `text` as an answer to the question about `facts`. Every quote stands in the text word for word."""
    words = [_Word(found.group(), found.start(), found.end()) for found in _WORD.finditer(text)]
    issues = (
        *_judge_figures(facts, text, words),
        *_judge_names(facts, words),
        *_judge_atmospheres(facts.lexicon, text),
        *_judge_units(facts, words),
        *_judge_tone(words),
        *_judge_verbs(facts.lexicon, words),
        *_judge_sentences(facts.lexicon, text),
    )
    faulty = {issue.criterion for issue in issues}
    return PracticeCritique({criterion: criterion not in faulty for criterion in CRITERIA}, issues)


def _judge_figures(facts: Facts, text: str, words: list[_Word]) -> list[Issue]:
    """Each given value stands once, next to its own kind of word, and no other number stands there."""
    found = _figures(facts.lexicon, text, words)
    wanted = {
        "temperature": (f"{facts.temperature} {TEMPERATURE_UNIT}", str(facts.temperature)),
        "time": (f"{facts.time} {facts.unit}", f"{facts.time} {facts.unit}"),
        "runs": (str(facts.runs), str(facts.runs)),
    }
    issues: list[Issue] = []
    for kind, (shown, value) in wanted.items():
        name = "number of runs" if kind == "runs" else kind
        of_kind = [figure for figure in found if figure.kind == kind]
        if not of_kind:
            issues.append(_fact_issue(f"The {name} is missing: {shown}."))
        issues += [_fact_issue(f"The {name} should be {shown}.", x.quote) for x in of_kind if x.value != value]
        repeated = [figure for figure in of_kind if figure.value == value][1:]
        issues += [_fact_issue(f"The {name} is stated twice.", figure.quote) for figure in repeated]
    issues += [_fact_issue("This is not in the facts.", figure.quote) for figure in found if not figure.kind]
    return issues


def _figures(lexicon: Lexicon, text: str, words: list[_Word]) -> list[_Figure]:
    """All numbers of a text; a time carries its unit as an SI symbol, however it was written."""
    symbols = {word: unit for unit, faults in lexicon.time_faults.items() for word in (unit, *faults)}
    figures: list[_Figure] = []
    for word, after in itertools.zip_longest(words, words[1:]):
        if not word.text.isdecimal():
            continue
        unit = after.text if after else ""
        quote = text[word.start : after.end if after else word.end]
        if unit in (TEMPERATURE_UNIT, *lexicon.temperature_faults):
            figures.append(_Figure("temperature", word.text, quote))
        elif unit in symbols:
            figures.append(_Figure("time", f"{word.text} {symbols[unit]}", quote))
        elif unit in lexicon.run_words:
            figures.append(_Figure("runs", word.text, quote))
        else:
            figures.append(_Figure("", word.text, word.text))
    return figures


def _judge_names(facts: Facts, words: list[_Word]) -> list[Issue]:
    """Sample and step stand once, and no other ones."""
    lexicon = facts.lexicon
    kinds = (
        ("sample", facts.material, lexicon.materials),
        ("step", lexicon.steps[facts.step], tuple(lexicon.steps.values())),
    )
    issues: list[Issue] = []
    for kind, wanted, known in kinds:
        named = [word.text for word in words if word.text.lower() in known]
        right = [name for name in named if name.lower() == wanted]
        issues += [_fact_issue(f"The {kind} should be {wanted}.", name) for name in named if name.lower() != wanted]
        issues += [_fact_issue(f"The {kind} is stated twice.", name) for name in right[1:]]
        if not named:
            issues.append(_fact_issue(f"The {kind} is missing: {wanted}."))
    return issues


def _judge_atmospheres(lexicon: Lexicon, text: str) -> list[Issue]:
    pattern = re.compile("|".join(map(re.escape, lexicon.atmospheres)), re.IGNORECASE)
    return [_fact_issue("This is not in the facts.", found.group()) for found in pattern.finditer(text)]


def _judge_units(facts: Facts, words: list[_Word]) -> list[Issue]:
    """SI symbols only, and at least one."""
    lexicon = facts.lexicon
    symbols = {word: unit for unit, faults in lexicon.time_faults.items() for word in faults}
    symbols |= dict.fromkeys(lexicon.temperature_faults, TEMPERATURE_UNIT)
    issues = [
        Issue("units", f"Use the SI symbol {symbols[word.text]}.", word.text) for word in words if word.text in symbols
    ]
    if not issues and not any(word.text in (TEMPERATURE_UNIT, facts.unit) for word in words):
        issues.append(Issue("units", "No SI unit is stated."))
    return issues


def _judge_tone(words: list[_Word]) -> list[Issue]:
    hype = frozenset().union(*(lexicon.hype_words for lexicon in LEXICONS.values()))
    return [Issue("plain", "This is hype.", word.text) for word in words if word.text.lower() in hype]


def _judge_verbs(lexicon: Lexicon, words: list[_Word]) -> list[Issue]:
    present = (lexicon.present.singular, lexicon.present.plural)
    return [Issue("form", "Use the past tense.", word.text) for word in words if word.text in present]


def _judge_sentences(lexicon: Lexicon, text: str) -> list[Issue]:
    """Whole sentences: a capital, one verb, no word twice running, and a full stop at the end of the text."""
    issues: list[Issue] = []
    if not text.rstrip().endswith("."):
        issues.append(Issue("form", "End with a full stop.", text.rstrip()[-_TAIL_CHARACTERS:]))
    for found in _SENTENCE.finditer(text):
        sentence = found.group().strip()
        if sentence and not _is_whole(lexicon, sentence):
            issues.append(Issue("form", "This is not a whole sentence.", sentence))
    return issues


def _is_whole(lexicon: Lexicon, sentence: str) -> bool:
    words = _WORD.findall(sentence)
    verbs = (lexicon.past.singular, lexicon.past.plural, lexicon.present.singular, lexicon.present.plural)
    stutters = any(word == after for word, after in itertools.pairwise(words))
    return sentence[0].isupper() and sum(word in verbs for word in words) == 1 and not stutters


def _fact_issue(message: str, quote: str = "") -> Issue:
    return Issue("facts", message, quote, severe=True)
