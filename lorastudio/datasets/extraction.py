"""Pairs out of drafts: a question's best draft against its lower ones.

Deterministic: the outcome depends on the drafts and their scores, never on when they arrived.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lorastudio.datasets.checks import check_answer, share_passed
from lorastudio.datasets.language import detect_language
from lorastudio.datasets.lint import lint_pair
from lorastudio.datasets.words import normalised, words
from lorastudio.domain.draft import Critique, Draft, DraftState, Question
from lorastudio.domain.messages import user
from lorastudio.domain.pair import NewPair, Origin

MOST_PER_QUESTION = 3
LEAST_MARGIN = 0.25
MARGIN_IN_SPREADS = 2.0
LEAST_SPREAD = 0.05
# Without calibration nothing is certain.
MOST_CONFIDENCE = 0.99
UNDECIDED = 0.5
_ROUNDING = 1e-9

_UNABLE = r"(?:can(?:no|['’])t|(?:am|['’]m|be) (?:unable|not able)|won['’]t|não (?:posso|consigo)|sou incapaz)"
_HELP = (
    r"(?:help|assist|provide|answer|comply|do (?:that|this|so)|write|create|fulfil|discuss|generate|produce|share"
    r"|ajudar|fornecer|responder|cumprir|fazer isso|escrever|criar|discutir|gerar|produzir|partilhar)"
)
_APOLOGY = (
    r"(?:(?:i['’]m|i am) (?:very )?sorry|sorry|i apologi[sz]e|lamento|desculpe|desculpa|sinto muito|infelizmente)"
)
_MACHINE = (
    r"(?:as an? (?:ai\b|(?:large )?language model)|como (?:uma? )?(?:ia\b|modelo de linguagem|assistente virtual))"
)
# Only the beginning of an answer is a refusal; later on the same words may be quoted.
_REFUSAL = re.compile(
    rf"\W*(?:{_APOLOGY}\b.{{0,80}}?{_UNABLE}|{_MACHINE}|(?:i |eu )?{_UNABLE} (?:\w+ ){{0,3}}?{_HELP})",
    re.IGNORECASE | re.DOTALL,
)
# What stands in prompts and never in an answer: our fences, and the marks of chat templates.
_PROMPT_MARKS = re.compile(r"</?[a-z][a-z-]*-[0-9a-f]{8}>|<\|[a-z_]{2,}\|>|\[/?INST\]|</?think>", re.IGNORECASE)
_LONG_QUESTION_WORDS = 8


@dataclass(frozen=True, slots=True)
class _Scored:
    draft: Draft
    score: float
    spread: float


def extract_pairs(
    question: Question,
    drafts: Iterable[Draft],
    critiques: Mapping[int, Critique],
    *,
    agreement: float | None = None,
) -> list[NewPair]:
    """At most three pairs of a question, by ascending score of the bad draft.

    `critiques` are keyed by draft id. `agreement` (0..1) is how far the judges of the final pair agree, None
    when nobody judged. Besides the drafts with enough margin, the first one is paired whenever it is lower.
    """
    scored = _usable(question, drafts, critiques)
    if len(scored) < 2:
        return []
    best = min(scored, key=lambda item: (-item.score, item.draft.iteration, item.draft.id))
    return [_pair(question, best, low, agreement) for low in _lower(best, scored)]


def confidence_of(
    margin: float, spread: float, *, agreement: float | None, good_checks: float | None, bad_checks: float | None
) -> float:
    """How sure it is that good is better than bad, 0 to 0.99; not calibrated.

    The least of the judges' agreement, of Φ(margin / (√2·spread)) with a spread of at least 0.05, and of what
    the checks in code say: they agree (1), can't tell (0.5), or contradict (0).
    """
    term = 0.5 * (1.0 + math.erf(margin / (2.0 * max(spread, LEAST_SPREAD))))
    terms = [term, MOST_CONFIDENCE]
    if agreement is not None:
        terms.append(agreement)
    if good_checks is not None and bad_checks is not None:
        terms.append(UNDECIDED if good_checks == bad_checks else float(good_checks > bad_checks))
    return min(terms)


def is_refusal(text: str) -> bool:
    """Whether an answer declines to answer, in English or Portuguese."""
    return bool(_REFUSAL.match(text))


def leaks_prompt(question: str, text: str) -> bool:
    """Whether an answer holds parts of its prompt: fences, template marks, or a long question word for word."""
    if _PROMPT_MARKS.search(text):
        return True
    return len(words(question)) >= _LONG_QUESTION_WORDS and normalised(question) in normalised(text)


def _usable(question: Question, drafts: Iterable[Draft], critiques: Mapping[int, Critique]) -> list[_Scored]:
    """The drafts that may stand in a pair, each text once (its first draft), by iteration."""
    seen: set[str] = set()
    usable = []
    for draft in sorted(drafts, key=lambda draft: (draft.iteration, draft.id)):
        critique = critiques.get(draft.id)
        if draft.state is not DraftState.FINISHED or critique is None or critique.score is None or critique.abstained:
            continue
        text = draft.text.strip()
        if not text or text in seen or is_refusal(text) or leaks_prompt(question.text, text):
            continue
        seen.add(text)
        usable.append(_Scored(draft, critique.score, critique.spread))
    return usable


def _lower(best: _Scored, scored: Sequence[_Scored]) -> list[_Scored]:
    """The drafts to set against the best one: the first, then those with the greatest margin."""
    first = scored[0]
    enough = [item for item in scored if _has_margin(best, item) or (item is first and item.score < best.score)]
    chosen = sorted(enough, key=lambda item: (item is not first, item.score, item.draft.iteration))
    return sorted(chosen[:MOST_PER_QUESTION], key=lambda item: (item.score, item.draft.iteration))


def _has_margin(best: _Scored, low: _Scored) -> bool:
    needed = max(LEAST_MARGIN, MARGIN_IN_SPREADS * max(best.spread, low.spread))
    return best.score - low.score >= needed - _ROUNDING


def _pair(question: Question, best: _Scored, low: _Scored, agreement: float | None) -> NewPair:
    margin = best.score - low.score
    good, bad = best.draft.text.strip(), low.draft.text.strip()
    prompt = user(question.text)
    pair = NewPair(
        prompt=prompt,
        good=good,
        bad=bad,
        group=question.group,
        origin=Origin.DRAFTED,
        language=question.language or detect_language(good),
        margin=margin,
        confidence=confidence_of(
            margin,
            max(best.spread, low.spread),
            agreement=agreement,
            good_checks=share_passed(check_answer(question.checks, question.text, good)),
            bad_checks=share_passed(check_answer(question.checks, question.text, bad)),
        ),
        iteration=best.draft.iteration,
        cycle_id=question.cycle_id,
        question_id=question.id,
        good_draft_id=best.draft.id,
        bad_draft_id=low.draft.id,
    )
    return replace(pair, lint=lint_pair(pair))
