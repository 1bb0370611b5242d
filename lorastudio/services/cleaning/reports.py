"""Reports on many pairs: what lengths give away, and which languages their sides are in."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass, replace

from lorastudio.datasets.groups import question_of
from lorastudio.datasets.language import detect_language, languages_differ
from lorastudio.datasets.length_bias import LengthBias, length_bias, log_ratio
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.pair import NewPair, PairState
from lorastudio.domain.pair_filter import EVERY_PAIR, PairFilter
from lorastudio.services.arrivals import every_pair
from lorastudio.store.library import Library

UNKNOWN_LANGUAGE = "unknown"
MOST_NAMED = 1000


@dataclass(frozen=True, slots=True)
class LengthReport:
    """What lengths give away in all pairs with both answers (None when there are none), and in those of each origin
    and language."""

    overall: LengthBias | None
    by_origin: dict[str, LengthBias]
    by_language: dict[str, LengthBias]


@dataclass(frozen=True, slots=True)
class SideLanguages:
    """The language of each side: "en", "pt", "other", "unknown", and "" for an answer that is not there."""

    prompt: str
    good: str
    bad: str


@dataclass(frozen=True, slots=True)
class LanguageReport:
    """How many pairs have which languages, the most frequent first. `answers_differ` are pairs whose answers are in
    two languages, `prompt_differs` such whose good answer is in another one than the prompt, which a translation
    may be; the first thousand ids of each."""

    counts: tuple[tuple[SideLanguages, int], ...]
    answers_differ: tuple[int, ...]
    prompt_differs: tuple[int, ...]


def report_lengths(library: Library, cancel: CancelToken, chosen: PairFilter) -> LengthReport:
    """The length bias of the chosen pairs; of the accepted ones where the filter names no state."""
    if not chosen.states:
        chosen = replace(chosen, states=(PairState.ACCEPTED,))
    ratios: array[float] = array("d")
    origins: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))
    languages: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))
    for pair in every_pair(library, chosen=chosen):
        cancel.check()
        if pair.good is not None and pair.bad is not None:
            ratio = log_ratio(pair.good, pair.bad)
            for found in (ratios, origins[pair.origin.value], languages[pair.language or UNKNOWN_LANGUAGE]):
                found.append(ratio)
    return LengthReport(length_bias(ratios), _each(origins), _each(languages))


def side_languages(pair: NewPair) -> SideLanguages:
    """The language of each side of a pair, by its small words."""
    good, bad = (None if text is None else _named(text) for text in (pair.good, pair.bad))
    return SideLanguages(_named(question_of(pair.prompt)), good or "", bad or "")


def report_languages(library: Library, cancel: CancelToken, chosen: PairFilter = EVERY_PAIR) -> LanguageReport:
    """Which languages the sides of pairs are in."""
    counts: Counter[SideLanguages] = Counter()
    answers: list[int] = []
    prompts: list[int] = []
    for pair in every_pair(library, chosen=chosen):
        cancel.check()
        found = side_languages(pair)
        counts[found] += 1
        if _differ(found.good, found.bad):
            answers.append(pair.id)
        if _differ(found.prompt, found.good or found.bad):
            prompts.append(pair.id)
    return LanguageReport(tuple(counts.most_common()), tuple(answers[:MOST_NAMED]), tuple(prompts[:MOST_NAMED]))


def _each(ratios: dict[str, array[float]]) -> dict[str, LengthBias]:
    found = {name: length_bias(values) for name, values in sorted(ratios.items())}
    return {name: bias for name, bias in found.items() if bias is not None}


def _named(text: str) -> str:
    return detect_language(text) or UNKNOWN_LANGUAGE


def _differ(one: str, other: str) -> bool:
    return UNKNOWN_LANGUAGE not in (one, other) and languages_differ(one, other)
