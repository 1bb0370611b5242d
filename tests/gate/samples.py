"""Evidence made of coin throws, for tests of the rule."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from lorastudio.gate.evidence import Answer, Answers, CanaryEvidence, Evidence, GoodAnswer, QuestionEvidence

CRITERIA = ("facts", "units", "plain", "form")
HALF_GOOD = {"facts": 0.5, "units": 0.6, "plain": 0.5, "form": 0.7}


def sampled_answers(
    rng: random.Random,
    rates: Mapping[str, float],
    *,
    samples: int = 4,
    tokens: float = 30.0,
    ended: float = 1.0,
    repeats: float = 0.0,
    in_language: float = 1.0,
) -> Answers:
    """Answers whose criteria are met with the given chances, independently of each other."""
    answers = []
    for _ in range(samples):
        met = {name: rng.random() < rate for name, rate in rates.items()}
        answers.append(
            Answer(
                tokens=max(1, round(rng.gauss(tokens, tokens / 6))),
                ended=rng.random() < ended,
                repeats=rng.random() < repeats,
                passed=all(met.values()),
                criteria=met,
                in_language=rng.random() < in_language,
            )
        )
    return tuple(answers)


def questions(
    count: int,
    candidate: Sequence[Answers],
    against: Sequence[Answers],
    base: Sequence[Answers] | None = None,
) -> tuple[QuestionEvidence, ...]:
    return tuple(
        QuestionEvidence(f"q{place}", candidate[place], against[place], None if base is None else base[place])
        for place in range(count)
    )


def evidence(
    count: int = 200,
    *,
    seed: int = 0,
    candidate: Mapping[str, float] = HALF_GOOD,
    against: Mapping[str, float] = HALF_GOOD,
    base: Mapping[str, float] | None = None,
    look: int = 1,
    candidate_tokens: float = 30.0,
    candidate_ended: float = 1.0,
    candidate_repeats: float = 0.0,
    candidate_in_language: float = 1.0,
    canaries: tuple[CanaryEvidence, ...] = (),
    good_answers: tuple[GoodAnswer, ...] = (),
    contaminated: tuple[str, ...] = (),
) -> Evidence:
    """One look at `count` questions with independent coin throws for every model."""
    rng = random.Random(seed)
    tried = [
        sampled_answers(
            rng,
            candidate,
            tokens=candidate_tokens,
            ended=candidate_ended,
            repeats=candidate_repeats,
            in_language=candidate_in_language,
        )
        for _ in range(count)
    ]
    live = [sampled_answers(rng, against) for _ in range(count)]
    floor = None if base is None else [sampled_answers(rng, base) for _ in range(count)]
    return Evidence(
        version=1,
        against="base" if base is None else "version 1",
        look=look,
        questions=questions(count, tried, live, floor),
        canaries=canaries,
        good_answers=good_answers,
        contaminated=contaminated,
    )


def canaries(kept: int, lost: int, won: int = 0) -> tuple[CanaryEvidence, ...]:
    """`kept` right in both, `lost` right in the base alone, `won` right in the candidate alone."""
    outcomes = [(True, True)] * kept + [(False, True)] * lost + [(True, False)] * won
    return tuple(CanaryEvidence(f"c{place}", *outcome) for place, outcome in enumerate(outcomes))


def good_answers(count: int, change_per_token: float, *, tokens: int = 30) -> tuple[GoodAnswer, ...]:
    """Held-out answers that the candidate finds more or less likely by `change_per_token` nats, give or take."""
    rng = random.Random(7)
    return tuple(
        GoodAnswer(f"g{place}", tokens, tokens * (change_per_token - 1.0 + rng.gauss(0.0, 0.02)), -1.0 * tokens)
        for place in range(count)
    )
