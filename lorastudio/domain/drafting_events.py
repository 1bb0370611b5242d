"""What drafting says while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lorastudio.domain.critic_trial import DefectKind, TrialOutcome
from lorastudio.domain.draft import CallPurpose, CycleState, DraftState, Issue, Preference, StopReason
from lorastudio.domain.events import Event


@dataclass(frozen=True, slots=True)
class CycleStarted(Event):
    """Drafting begins or goes on; `questions` are all of the cycle's, `open_questions` those still to do."""

    event: ClassVar[str] = "cycle_started"
    cycle_id: int
    questions: int
    open_questions: int
    writer: str
    critic: str


@dataclass(frozen=True, slots=True)
class Bound:
    """What a cycle takes: calls to both servers, tokens read and written, US dollars (None: no price is known)
    and seconds."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    seconds: float

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class CycleEstimated(Event):
    """What a cycle will take at most and probably, before it starts.

    At most: every question uses all its drafts at the limit of tokens and every answer of the critic has to be
    asked for twice; a call that its server fails and that is repeated comes on top, and so does what a budget cuts
    off. `cap_tokens`, `cap_usd` and `cap_s` are the budget, which no call may exceed that has not left yet.
    `measured`: the expectation, and the speed behind both times, come from earlier calls to these servers.
    """

    event: ClassVar[str] = "cycle_estimated"
    questions: int
    most: Bound
    expected: Bound
    cap_tokens: int | None
    cap_usd: float | None
    cap_s: float | None
    measured: bool


@dataclass(frozen=True, slots=True)
class QuestionStarted(Event):
    event: ClassVar[str] = "question_started"
    question_id: int
    position: int
    text: str


@dataclass(frozen=True, slots=True)
class DraftGrew(Event):
    """`text` is what came since the last one, joined over 33 ms. `CallRetried` voids what came before it."""

    event: ClassVar[str] = "draft_grew"
    question_id: int
    draft_id: int
    iteration: int
    text: str


@dataclass(frozen=True, slots=True)
class DraftFinished(Event):
    """The draft as it is kept; `text` may differ from the sum of its `DraftGrew` (trimmed, notes split off)."""

    event: ClassVar[str] = "draft_finished"
    question_id: int
    position: int
    draft_id: int
    iteration: int
    state: DraftState
    text: str


@dataclass(frozen=True, slots=True)
class CritiqueFinished(Event):
    """The critic's verdict on a draft; `score` runs from 0 to 1 and is None when the critic abstained."""

    event: ClassVar[str] = "critique_finished"
    question_id: int
    position: int
    draft_id: int
    iteration: int
    score: float | None
    spread: float
    scores: dict[str, float]
    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class QuestionFinished(Event):
    """A question's loop ended; `best_score` is None when no draft was scored."""

    event: ClassVar[str] = "question_finished"
    question_id: int
    position: int
    stop_reason: StopReason
    best_draft_id: int | None
    best_score: float | None
    iterations: int


@dataclass(frozen=True, slots=True)
class QuestionFailed(Event):
    """A question could not be worked on to its end; the cycle goes on."""

    event: ClassVar[str] = "question_failed"
    question_id: int
    position: int
    error: str


@dataclass(frozen=True, slots=True)
class CallRetried(Event):
    """A server failed for `reason` and is asked again after `wait_s`; the text so far is void.

    `question_id` is None for a call that belongs to no question of a cycle.
    """

    event: ClassVar[str] = "call_retried"
    question_id: int | None
    iteration: int
    purpose: CallPurpose
    endpoint: str
    attempt: int
    wait_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class FinalPairJudged(Event):
    """The judge compared a question's best draft (first) with another one (second), in both orders."""

    event: ClassVar[str] = "final_pair_judged"
    question_id: int
    position: int
    best_draft_id: int
    other_draft_id: int
    preference: Preference


@dataclass(frozen=True, slots=True)
class CriticTried(Event):
    """The critic was shown a planted fault of this kind, or an unchanged good answer (`kind` None)."""

    event: ClassVar[str] = "critic_tried"
    critic: str
    question_id: int
    kind: DefectKind | None
    outcome: TrialOutcome


@dataclass(frozen=True, slots=True)
class CriticReported(Event):
    """How the critic did in all its trials so far; `complaints` is empty when it can be trusted as far as they
    tell. `kinds` gives (found, planted) for each kind of fault."""

    event: ClassVar[str] = "critic_reported"
    critic: str
    model: str
    planted: int
    found: int
    controls: int
    alarms: int
    unreadable: int
    kinds: dict[str, tuple[int, int]]
    complaints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CycleFinished(Event):
    """Drafting ended. Counts of questions by outcome; calls and tokens of the whole cycle, also before a
    restart; `estimated` when some of the tokens are estimates. `cost_usd` is what the calls with a price cost,
    None without any; `unpriced_calls` went to endpoints without a price."""

    event: ClassVar[str] = "cycle_finished"
    cycle_id: int
    state: CycleState
    done: int
    failed: int
    waiting: int
    calls: int
    lost_calls: int
    failed_calls: int
    prompt_tokens: int
    completion_tokens: int
    estimated: bool
    elapsed_s: float
    cost_usd: float | None = None
    unpriced_calls: int = 0
