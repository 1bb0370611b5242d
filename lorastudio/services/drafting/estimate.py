"""What a cycle will take, said before it starts: calls, tokens, money and time, at most and probably."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lorastudio.domain.draft import CallPurpose, Critique, Draft, DraftState, Question
from lorastudio.domain.drafting_events import Bound, CycleEstimated
from lorastudio.domain.endpoint import Endpoint, EndpointKind, Usage, cost_of
from lorastudio.domain.errors import KnownError
from lorastudio.domain.messages import Conversation
from lorastudio.endpoints.urls import is_loopback
from lorastudio.endpoints.usage import CHARACTERS_PER_TOKEN
from lorastudio.practice.prompts import PRACTICE_MAX_TOKENS
from lorastudio.services.drafting.calibration import is_due
from lorastudio.services.drafting.calls import BYTES_PER_TOKEN_AT_LEAST
from lorastudio.services.drafting.critic_prompt import critic_messages
from lorastudio.services.drafting.final_pair import JUDGE_MAX_TOKENS
from lorastudio.services.drafting.judge import judge_messages
from lorastudio.services.drafting.prompts import first_prompt, revision_prompt
from lorastudio.services.drafting.rubrics import is_practice, rubric_for
from lorastudio.services.drafting.settings import DraftingSettings
from lorastudio.services.drafting.stopping import Round
from lorastudio.store.calls import MeanCall, mean_call
from lorastudio.store.library import Library
from lorastudio.store.question_progress import mean_drafts

# Where nothing was measured yet: as in trials with models of 7 to 30 billion parameters on one machine.
TYPICAL_DRAFTS = 4.0
TYPICAL_DRAFT_TOKENS = 400.0
TYPICAL_CRITIQUE_TOKENS = 300.0
TYPICAL_JUDGEMENT_TOKENS = 10.0
TYPICAL_TOKENS_PER_S = 30.0
TYPICAL_WAIT_S = 1.0
TOKENS_PER_WORD = 1.4
# An answer that can't be read is asked for once more; a judge is asked in two orders, an unchanged answer is shown
# beside the one with the planted fault.
_TRIES = 2
_ORDERS = 2
_SHOWN = 2
_FEWEST_MEASURED = 5
# What a second try adds to a prompt: why the answer before could not be used.
_NOTE_BYTES = 300


@dataclass(frozen=True, slots=True)
class Plan:
    """A cycle that has not begun; `questions` may have ids that mean nothing yet."""

    questions: Sequence[Question]
    settings: DraftingSettings
    max_iterations: int
    seed: int
    writer: Endpoint
    critic: Endpoint


@dataclass(frozen=True, slots=True)
class _Load:
    """Calls of one server, and the tokens that they read and write."""

    calls: float = 0.0
    prompt: float = 0.0
    completion: float = 0.0

    def __add__(self, other: _Load) -> _Load:
        return _Load(self.calls + other.calls, self.prompt + other.prompt, self.completion + other.completion)


@dataclass(frozen=True, slots=True)
class _Assumed:
    """How one estimate reckons: drafts of a question, tokens of one draft, critique and judgement, how often each
    answer of the critic is asked for, and how many bytes make a token."""

    drafts: float
    draft_tokens: float
    critique_tokens: float
    judgement_tokens: float
    tries: int
    bytes_per_token: float


@dataclass(frozen=True, slots=True)
class _Speed:
    """Seconds of a call: a wait, and each token."""

    wait_s: float
    per_token_s: float

    def of(self, load: _Load) -> float:
        return load.calls * self.wait_s + load.completion * self.per_token_s


def has_price(endpoint: Endpoint) -> bool:
    """Whether it is known what an endpoint costs; what runs on this machine costs nothing."""
    own = endpoint.kind is not EndpointKind.HTTP or is_loopback(endpoint.url)
    return own or endpoint.prompt_price is not None or endpoint.completion_price is not None


def refuse_unpriced(endpoints: Iterable[Endpoint], budget_usd: float | None) -> None:
    """KnownError when a budget in dollars can't hold, since an endpoint's price is not known."""
    if budget_usd is None:
        return
    for endpoint in endpoints:
        if not has_price(endpoint):
            raise KnownError(
                f"A budget in dollars can't hold: the price of {endpoint.name!r} is not known.",
                "Give it with `lorastudio endpoint edit`, or set a budget of tokens.",
            )


def estimate_cycle(library: Library, plan: Plan) -> CycleEstimated:
    """What the cycle takes at most and probably; see `CycleEstimated` for what each means."""
    written = mean_call(library, plan.writer.name, (CallPurpose.DRAFT, CallPurpose.REVISE))
    judged = mean_call(library, plan.critic.name, (CallPurpose.CRITIQUE,))
    measured = min(written.calls, judged.calls) >= _FEWEST_MEASURED
    speeds = (_speed(written), _speed(judged))
    settings = plan.settings
    worst = _Assumed(
        plan.max_iterations,
        settings.max_tokens,
        settings.critic_max_tokens,
        JUDGE_MAX_TOKENS,
        _TRIES,
        BYTES_PER_TOKEN_AT_LEAST,
    )
    return CycleEstimated(
        questions=len(plan.questions),
        most=_bound(plan, worst, speeds),
        expected=_bound(plan, _expected(library, plan, written, judged), speeds),
        cap_tokens=settings.budget_tokens,
        cap_usd=settings.budget_usd,
        cap_s=settings.budget_s,
        measured=measured,
    )


def _expected(library: Library, plan: Plan, written: MeanCall, judged: MeanCall) -> _Assumed:
    done, drafts = mean_drafts(library, plan.writer.name)
    aimed = sum(plan.settings.words) / 2 * TOKENS_PER_WORD if plan.settings.words else TYPICAL_DRAFT_TOKENS
    draft_tokens = written.completion_tokens if written.calls >= _FEWEST_MEASURED else aimed
    critique_tokens = judged.completion_tokens if judged.calls >= _FEWEST_MEASURED else TYPICAL_CRITIQUE_TOKENS
    return _Assumed(
        drafts=min(plan.max_iterations, drafts if done >= _FEWEST_MEASURED else TYPICAL_DRAFTS),
        draft_tokens=min(plan.settings.max_tokens, draft_tokens),
        critique_tokens=min(plan.settings.critic_max_tokens, critique_tokens),
        judgement_tokens=TYPICAL_JUDGEMENT_TOKENS,
        tries=1,
        bytes_per_token=CHARACTERS_PER_TOKEN,
    )


def _bound(plan: Plan, assumed: _Assumed, speeds: tuple[_Speed, _Speed]) -> Bound:
    loads = [_loads(plan, question, assumed) for question in plan.questions]
    writing, judging = (sum((load[side] for load in loads), _Load()) for side in (0, 1))
    costs = [
        cost_of(Usage(round(load.prompt), round(load.completion)), endpoint.prompt_price, endpoint.completion_price)
        for load, endpoint in ((writing, plan.writer), (judging, plan.critic))
    ]
    known = [cost for cost in costs if cost is not None]
    return Bound(
        calls=round(writing.calls + judging.calls),
        prompt_tokens=round(writing.prompt + judging.prompt),
        completion_tokens=round(writing.completion + judging.completion),
        cost_usd=sum(known) if known else None,
        seconds=_seconds(plan, loads, writing, judging, speeds),
    )


def _loads(plan: Plan, question: Question, assumed: _Assumed) -> tuple[_Load, _Load]:
    """What one question asks of the writer and of the critic."""
    draft_tokens = min(assumed.draft_tokens, PRACTICE_MAX_TOKENS) if is_practice(question) else assumed.draft_tokens
    opinions = plan.settings.critiques_per_draft
    drafts, later = assumed.drafts, max(0.0, assumed.drafts - 1)

    def tokens(prompt: Conversation) -> float:
        size_bytes = sum(len(message.content.encode("utf-8", "surrogatepass")) for message in prompt)
        return size_bytes / assumed.bytes_per_token

    first, revision = tokens(first_prompt(question, plan.settings)), tokens(_revision(question, plan.settings))
    carried = draft_tokens + assumed.critique_tokens * opinions
    writing = _Load(drafts, first + later * (revision + carried), drafts * draft_tokens)
    shown = drafts + (_SHOWN if is_due(plan.seed, question.position, plan.settings.calibrate_every) else 0)
    read = tokens(critic_messages(question, "", rubric_for(question, plan.settings))) + draft_tokens
    critiques = shown * opinions * assumed.tries
    if assumed.tries > 1:
        read += _NOTE_BYTES / assumed.bytes_per_token
    judging = _Load(critiques, critiques * read, critiques * assumed.critique_tokens)
    if plan.settings.judge_final and later:
        compared = tokens(judge_messages(question.text, "", "")) + 2 * draft_tokens
        calls = _ORDERS * assumed.tries
        judging += _Load(calls, calls * compared, calls * assumed.judgement_tokens)
    return writing, judging


def _revision(question: Question, settings: DraftingSettings) -> Conversation:
    """The longest revision prompt, without the draft and the critic's own words."""
    scores = {item.name: 0.0 for item in rubric_for(question, settings).criteria}
    draft = Draft(0, question.id, 1, "", DraftState.FINISHED)
    return revision_prompt(question, settings, Round(draft, Critique(0, 0, 0.0, 0.0, scores, ())))


def _seconds(
    plan: Plan,
    loads: list[tuple[_Load, _Load]],
    writing: _Load,
    judging: _Load,
    speeds: tuple[_Speed, _Speed],
) -> float:
    """The time that the busier server needs, or the workers one after the other, or the longest question alone."""
    write, judge = speeds
    chains = [write.of(own) + judge.of(other) for own, other in loads]
    workers = max(1, min(len(chains), max(plan.writer.concurrency, plan.critic.concurrency)))
    return max(
        write.of(writing) / max(1, plan.writer.concurrency),
        judge.of(judging) / max(1, plan.critic.concurrency),
        sum(chains) / workers,
        *chains,
        0.0,
    )


def _speed(mean: MeanCall) -> _Speed:
    if mean.calls < _FEWEST_MEASURED:
        return _Speed(TYPICAL_WAIT_S, 1 / TYPICAL_TOKENS_PER_S)
    return _Speed(0.0, mean.elapsed_s / max(1.0, mean.completion_tokens))
