"""The gate's words: verdicts, guards, reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    NOT_ENOUGH_EVIDENCE = "not enough evidence"


@dataclass(frozen=True, slots=True)
class Guard:
    """One non-inferiority test: `ok` is False only when the harm seen is beyond `margin` and harm is shown.

    `value` and `margin` share a unit: points (0..100) for rates, a ratio for the answer length, nats a token
    for log-probs, a share (0..1) for canaries, a count for contamination. `p` is one-sided, and None where the
    harm seen is within the margin, so that nothing had to be tested.
    """

    name: str
    ok: bool
    value: float
    margin: float
    p: float | None = None


@dataclass(frozen=True, slots=True)
class GateQuestion:
    """A question set aside before any drafting; read by the gate alone."""

    id: int
    text: str
    group: str
    language: str
    checks: dict[str, Any] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class GateReport:
    """What the gate found. Figures are shares in 0..1 except `gain`, `interval` and `needed`: points (0..100).

    `n` counts questions; `look` is how often these gate questions have now been looked at and `level`
    the significance level that this look may spend. `more_questions` estimates how many more questions
    would tell, for the verdict "not enough evidence".
    """

    version: int
    against: str
    verdict: Verdict
    primary: str
    accuracy: float | None
    baseline: float | None
    gain: float | None
    interval: tuple[float, float] | None
    p: float | None
    n: int
    needed: float
    look: int
    level: float
    guards: tuple[Guard, ...]
    reasons: tuple[str, ...] = ()
    more_questions: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
