"""What a verification says while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lorastudio.domain.events import Event
from lorastudio.domain.verified import Method, Outcome, VerificationState


@dataclass(frozen=True, slots=True)
class VerificationStarted(Event):
    """Verification begins or goes on; `questions` are all of it, `open_questions` those still to do.

    `stands` says what the quorum stands. `calls_least` and `calls_most` bound the calls of the open questions,
    `tokens_most` and `cost_usd_most` (None: no price is known) what the most of them take; calls that fail and are
    repeated come on top.
    """

    event: ClassVar[str] = "verification_started"
    verification_id: int
    questions: int
    open_questions: int
    teachers: tuple[str, ...]
    quorum: int
    stands: str
    calls_least: int
    calls_most: int
    tokens_most: int
    cost_usd_most: float | None


@dataclass(frozen=True, slots=True)
class QuestionVerified(Event):
    """A question was worked on to its end. `agreement` says who agrees, never that it is true; `answer` is the one
    with the most votes, None where there is none, and only with the outcome AGREED one that a quorum stands behind."""

    event: ClassVar[str] = "question_verified"
    verified_id: int
    position: int
    text: str
    outcome: Outcome
    method: Method
    votes: int
    dissent: int
    teachers: int
    agreement: str
    confidence: float | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class TeacherDropped(Event):
    """A teacher failed several questions in a row and is asked no more in this run; `reason` is the last failure."""

    event: ClassVar[str] = "teacher_dropped"
    teacher: str
    reason: str


@dataclass(frozen=True, slots=True)
class VerificationFinished(Event):
    """Verification ended. Questions by outcome; calls, tokens and dollars of all of it, also before a restart.

    `pairs` are the ids of the pairs that came in now. `estimated`: some of the tokens are estimates;
    `unpriced_calls` are not in `cost_usd`. Questions wait when somebody stopped, or nothing more may be spent.
    """

    event: ClassVar[str] = "verification_finished"
    verification_id: int
    state: VerificationState
    agreed: int
    disagreed: int
    too_few: int
    waiting: int
    pairs: tuple[int, ...]
    calls: int
    lost_calls: int
    failed_calls: int
    prompt_tokens: int
    completion_tokens: int
    estimated: bool
    cost_usd: float | None
    unpriced_calls: int
    elapsed_s: float
