"""Drafting: cycles of questions, their drafts, critiques and the calls behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lorastudio.domain.rubric import Rubric


class CycleState(StrEnum):
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"


class QuestionState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class StopReason(StrEnum):
    """Why a question's loop ended."""

    SCORE_REACHED = "score reached"
    LITTLE_GAIN = "little gain"
    UNCHANGED = "draft hardly changed"
    SCORE_FELL = "score fell twice"
    MAX_ITERATIONS = "all iterations used"
    BUDGET = "budget used"
    ABSTAINED = "critic abstained twice"


class CallPurpose(StrEnum):
    """`TEACH`: a teacher answers. `CROSS_EXAMINE`: a teacher judges another's claims. `CALIBRATE`: a planted
    fault, or its control, is shown to the critic."""

    DRAFT = "draft"
    REVISE = "revise"
    CRITIQUE = "critique"
    JUDGE = "judge"
    TEACH = "teach"
    CROSS_EXAMINE = "cross-examine"
    CALIBRATE = "calibrate"


class Preference(StrEnum):
    """What a judge asked in both orders says. `TIE`: the orders disagree, or both see no difference.
    `NONE`: a judgement could not be read."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"
    NONE = "none"


class CallState(StrEnum):
    """`SENT` is written before the request leaves, `ANSWERED` when the whole answer is in.

    `LOST` is a call that was in flight when the program died: it is repeated under a new attempt
    and its cost is counted. `FAILED` got an error after all retries.
    """

    SENT = "sent"
    ANSWERED = "answered"
    LOST = "lost"
    FAILED = "failed"


class DraftState(StrEnum):
    STREAMING = "streaming"
    FINISHED = "finished"
    TRUNCATED = "truncated"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Issue:
    """One fault the critic found; `quote` stands in the draft word for word (empty: something is missing)."""

    criterion: str
    message: str
    quote: str = ""
    severe: bool = False


@dataclass(frozen=True, slots=True)
class Cycle:
    """One round of drafting over many questions; `writer` and `critic` are endpoint names as used."""

    id: int
    state: CycleState
    seed: int
    max_iterations: int
    writer: str
    critic: str
    writer_version: int | None
    settings: dict[str, Any] = field(default_factory=dict)
    created_at: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing asked. `group` keys the split: same question, translation or near-duplicate share it.

    `checks` names the checks in code that apply to its answers (see `datasets.checks`); `rubric` is its own
    one, None where its cycle's holds.
    """

    id: int
    cycle_id: int
    position: int
    text: str
    group: str
    language: str
    state: QuestionState = QuestionState.WAITING
    stop_reason: StopReason | None = None
    best_draft_id: int | None = None
    checks: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    rubric: Rubric | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """One answer of the writer, immutable once it is no longer streaming. Iterations count from 1."""

    id: int
    question_id: int
    iteration: int
    text: str
    state: DraftState
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class Critique:
    """The critic's verdict on one draft.

    `scores` per criterion and `score` (weighted mean) run from 0 to 1; `spread` is the uncertainty of
    `score` in the same unit. An abstained critique has neither.
    """

    id: int
    draft_id: int
    score: float | None
    spread: float
    scores: dict[str, float]
    issues: tuple[Issue, ...]
    abstained: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """The judge's verdict on a question's final pair: its best draft (first) against another one (second)."""

    question_id: int
    best_draft_id: int
    other_draft_id: int
    preference: Preference


@dataclass(frozen=True, slots=True)
class Call:
    """One request to an endpoint, journalled before it leaves and after its answer is whole.

    `key` is what was asked (cycle, question, iteration, purpose, index); attempts of the same key
    count from 1. It belongs to a question or to a verification, the other id is None. `cost_usd` is None where
    the endpoint names no price.
    """

    id: int
    key: str
    attempt: int
    question_id: int | None
    iteration: int
    purpose: CallPurpose
    endpoint: str
    state: CallState
    answer: str = ""
    finish_reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    tokens_estimated: bool = False
    elapsed_s: float = 0.0
    error: str = ""
    cost_usd: float | None = None
    verification_id: int | None = None
