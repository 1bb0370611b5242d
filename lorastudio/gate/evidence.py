"""What the gate looks at, as plain figures: no text, no model, no library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answer:
    """One sampled answer. `passed` and `criteria` come from checks in code, None and empty without any;
    `in_language` is None where the question's language is unknown."""

    tokens: int
    ended: bool
    repeats: bool
    passed: bool | None = None
    criteria: Mapping[str, bool] = field(default_factory=dict)
    in_language: bool | None = None


Answers = tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class QuestionEvidence:
    """The answers of the models to one question; the n-th answers of all models share a seed.

    `base` is None when the candidate is compared with the base itself. `judged` is the judge's word on
    candidate against live where there are no checks: 1 won, 0 tie, -1 lost, None not judged;
    `judged_base` the same against the base.
    """

    group: str
    candidate: Answers
    against: Answers
    base: Answers | None = None
    judged: int | None = None
    judged_base: int | None = None


@dataclass(frozen=True, slots=True)
class CanaryEvidence:
    """Whether a skill that the base has is still there; greedy answers."""

    name: str
    candidate: bool
    base: bool


@dataclass(frozen=True, slots=True)
class GoodAnswer:
    """How likely two models find one held-out good answer: summed log-probs in nats, end token included."""

    group: str
    tokens: int
    candidate: float
    against: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that one look at the gate questions brought. `look` counts from 1.

    `contaminated` lists gate questions that stand among the version's training prompts. `notes` are reasons
    to pass on in the report, such as a judge that is also the critic.
    """

    version: int
    against: str
    look: int
    questions: tuple[QuestionEvidence, ...]
    canaries: tuple[CanaryEvidence, ...] = ()
    good_answers: tuple[GoodAnswer, ...] = ()
    contaminated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
