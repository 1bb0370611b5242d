"""Guards: tests that a version does no harm beyond a margin.

A guard speaks only when two things hold: the harm seen is beyond the margin, and harm is shown (one-sided p
below the guard's level). Noise alone therefore rarely refuses a true gain, and small true harm passes; a
margin without a test refused two of three good versions in the practice world. The level of each tested guard
is 0.05 / number of tested guards (Bonferroni), so that all of them together raise at most 5% false alarms.
Canaries are greedy, hence free of noise between equal models, and have their own exact test at 0.05.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lorastudio.domain.gate import Guard
from lorastudio.gate.evidence import Answer, Answers, CanaryEvidence, Evidence, GoodAnswer, QuestionEvidence
from lorastudio.gate.outcomes import Outcome
from lorastudio.gate.statistics import compare, mcnemar_p, ratio_p

FALSE_ALARMS_LEVEL = 0.05
RATE_MARGIN_POINTS = 3.0
CANARY_MARGIN_SHARE = 0.05
SHORTEST_RATIO, LONGEST_RATIO = 0.8, 1.25
LOGPROB_MARGIN_NATS = 0.05

Rate = Callable[[Answer], bool | None]


@dataclass(frozen=True, slots=True)
class Chance:
    """How guards draw: the level of each and the resampling behind it."""

    level: float
    seed: int
    resamples: int


def all_guards(evidence: Evidence, outcomes: Sequence[Outcome], seed: int, resamples: int) -> tuple[Guard, ...]:
    """Every guard that the evidence allows, in the order in which reports show them."""
    rates = _rates(evidence.questions)
    answered = any(question.against for question in evidence.questions)
    has_base = any(outcome.over_base is not None for outcome in outcomes)
    tested = len(rates) + sum((answered, bool(evidence.good_answers), has_base))
    chance = Chance(FALSE_ALARMS_LEVEL / tested, seed, resamples)
    guards = [rate_guard(name, evidence.questions, rate, chance) for name, rate in rates]
    if answered:
        guards.append(length_guard(evidence.questions, chance))
    if evidence.good_answers:
        guards.append(logprob_guard(evidence.good_answers, chance))
    if has_base:
        guards.append(base_guard(outcomes, chance))
    if evidence.canaries:
        guards.append(canary_guard(evidence.canaries))
    guards.append(Guard("contamination", not evidence.contaminated, float(len(evidence.contaminated)), 0.0))
    return tuple(guards)


def rate_guard(name: str, questions: Sequence[QuestionEvidence], rate: Rate, chance: Chance) -> Guard:
    """A share of answers, the more the better, may fall by 3 points. The value is the change in points."""
    changes: list[float] = []
    groups: list[str] = []
    for question in questions:
        candidate, against = _share(question.candidate, rate), _share(question.against, rate)
        if candidate is not None and against is not None:
            changes.append(candidate - against)
            groups.append(question.group)
    change = 100.0 * sum(changes) / len(changes) if changes else 0.0
    if change >= -RATE_MARGIN_POINTS:
        return Guard(name, True, change, RATE_MARGIN_POINTS)
    p = compare(changes, groups, seed=chance.seed, resamples=chance.resamples).p_below
    return Guard(name, p >= chance.level, change, RATE_MARGIN_POINTS, p)


def length_guard(questions: Sequence[QuestionEvidence], chance: Chance) -> Guard:
    """Answers may become a fifth shorter or a quarter longer. The value is the ratio of mean tokens."""
    candidate = [_mean_tokens(question.candidate) for question in questions]
    against = [_mean_tokens(question.against) for question in questions]
    groups = [question.group for question in questions]
    ratio = sum(candidate) / max(sum(against), 1.0)
    if SHORTEST_RATIO <= ratio <= LONGEST_RATIO:
        return Guard("answer length", True, ratio, LONGEST_RATIO)
    _, longer, shorter = ratio_p(candidate, against, groups, seed=chance.seed, resamples=chance.resamples)
    p = longer if ratio > 1.0 else shorter
    return Guard("answer length", p >= chance.level, ratio, LONGEST_RATIO if ratio > 1.0 else SHORTEST_RATIO, p)


def logprob_guard(rows: Sequence[GoodAnswer], chance: Chance) -> Guard:
    """Held-out good answers may become less likely by 0.05 nats a token. The value is the change, per token."""
    changes = [(row.candidate - row.against) / max(row.tokens, 1) for row in rows]
    change = sum(changes) / len(changes)
    if change >= -LOGPROB_MARGIN_NATS:
        return Guard("log-prob of good answers", True, change, LOGPROB_MARGIN_NATS)
    p = compare(changes, [row.group for row in rows], seed=chance.seed, resamples=chance.resamples).p_below
    return Guard("log-prob of good answers", p >= chance.level, change, LOGPROB_MARGIN_NATS, p)


def base_guard(outcomes: Sequence[Outcome], chance: Chance) -> Guard:
    """The primary figure must not be worse than the base's. The value is the gain over the base in points."""
    changes = [outcome.over_base for outcome in outcomes if outcome.over_base is not None]
    groups = [outcome.group for outcome in outcomes if outcome.over_base is not None]
    gain = 100.0 * sum(changes) / len(changes)
    if gain >= 0.0:
        return Guard("not worse than the base", True, gain, 0.0)
    p = compare(changes, groups, seed=chance.seed, resamples=chance.resamples).p_below
    return Guard("not worse than the base", p >= chance.level, gain, 0.0, p)


def canary_guard(canaries: Sequence[CanaryEvidence]) -> Guard:
    """Skills that the base has: fails when net losses exceed 5% of the canaries and exact McNemar p < 0.05.

    The value is the net loss as a share of all canaries, negative when more were won than lost.
    """
    losses = sum(canary.base and not canary.candidate for canary in canaries)
    wins = sum(canary.candidate and not canary.base for canary in canaries)
    lost = (losses - wins) / len(canaries)
    p = mcnemar_p(losses, wins)
    ok = lost <= CANARY_MARGIN_SHARE or p >= FALSE_ALARMS_LEVEL
    return Guard("canaries", ok, lost, CANARY_MARGIN_SHARE, p)


def _rates(questions: Sequence[QuestionEvidence]) -> list[tuple[str, Rate]]:
    """Name and measure of every share that is guarded: one per criterion, then the form of the answers."""
    names = dict.fromkeys(name for q in questions for answer in q.candidate for name in answer.criteria)
    rates: list[tuple[str, Rate]] = [(f"criterion {name}", _criterion(name)) for name in names]
    rates += [("no repetition", lambda answer: not answer.repeats), ("end of answer", lambda answer: answer.ended)]
    if any(answer.in_language is not None for q in questions for answer in q.candidate):
        rates.append(("language", lambda answer: answer.in_language))
    return rates


def _criterion(name: str) -> Rate:
    return lambda answer: answer.criteria.get(name)


def _share(answers: Answers, rate: Rate) -> float | None:
    found = [value for answer in answers if (value := rate(answer)) is not None]
    return sum(found) / len(found) if found else None


def _mean_tokens(answers: Answers) -> float:
    return sum(answer.tokens for answer in answers) / len(answers) if answers else 0.0
