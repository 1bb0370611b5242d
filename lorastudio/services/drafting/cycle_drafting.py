"""A whole cycle of questions, many at once."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.critic_trial import records_of
from lorastudio.domain.draft import Cycle, CycleState, Question, QuestionState
from lorastudio.domain.drafting_events import (
    CycleFinished,
    CycleStarted,
    QuestionFailed,
    QuestionFinished,
    QuestionStarted,
)
from lorastudio.domain.errors import Cancelled, KnownError, LibraryError
from lorastudio.domain.events import Event, Warned
from lorastudio.endpoints.probe import rung_of
from lorastudio.endpoints.structured import Ladder
from lorastudio.services.drafting.budget import Budget, Spending
from lorastudio.services.drafting.calibration import Calibration, report_critic
from lorastudio.services.drafting.calls import Journal, Slots
from lorastudio.services.drafting.crew import Crew
from lorastudio.services.drafting.critic import Critic
from lorastudio.services.drafting.estimate import Plan, estimate_cycle
from lorastudio.services.drafting.final_pair import FinalJudge
from lorastudio.services.drafting.question_loop import QuestionLoop
from lorastudio.services.drafting.servers import Servers
from lorastudio.services.drafting.settings import DraftingSettings
from lorastudio.services.drafting.writer import Writer
from lorastudio.store.calls import usage_of
from lorastudio.store.critic_trials import list_trials
from lorastudio.store.cycles import get_cycle, set_cycle_state
from lorastudio.store.endpoints import get_probe
from lorastudio.store.library import Library
from lorastudio.store.questions import list_questions, set_question_state

_OPEN = (QuestionState.WAITING, QuestionState.RUNNING)


def draft_cycle(library: Library, cycle_id: int, servers: Servers, cancel: CancelToken) -> Iterator[Event]:
    """Draft all open questions of a cycle, from the start or from where an earlier run left off.

    As many questions at once as the larger concurrency of writer and critic, each endpoint within its own.
    What it will take is told before the first call. The last event is `CycleFinished`: the cycle is then
    FINISHED, or STOPPED when cancelled. A question that fails is kept as failed, with words, and the cycle goes
    on. When the generator is closed early the cycle is STOPPED; no thread outlives it. Raises KnownError when a
    server can't be had at all or the library fails, and what is a fault of ours.
    """
    cycle = get_cycle(library, cycle_id)
    settings = DraftingSettings.from_record(cycle.settings)
    budget = Budget(settings, _spent(library, cycle_id))
    set_cycle_state(library, cycle_id, CycleState.RUNNING)
    state = CycleState.STOPPED
    try:
        questions = list_questions(library, cycle_id)
        to_do = [question for question in questions if question.state in _OPEN]
        yield CycleStarted(cycle_id, len(questions), len(to_do), cycle.writer, cycle.critic)
        yield from _own_judge(cycle, servers)
        if to_do:
            yield estimate_cycle(library, _plan(cycle, settings, servers, to_do))
        yield from _Drafting(library, cycle, settings, budget, servers, cancel.child(), to_do).work()
        yield from _critic_report(library, cycle_id)
        if not cancel.cancelled:
            state = CycleState.FINISHED
    finally:
        set_cycle_state(library, cycle_id, state)
    yield _summary(library, cycle_id, state, budget.elapsed_s)


class _Drafting:
    """The questions of a cycle, worked on by a crew."""

    def __init__(
        self,
        library: Library,
        cycle: Cycle,
        settings: DraftingSettings,
        budget: Budget,
        servers: Servers,
        cancel: CancelToken,
        questions: list[Question],
    ) -> None:
        self._library = library
        self._cancel = cancel
        self._to_do = deque(questions)
        self._crew = Crew("drafting", cancel)
        concurrency = {name: servers.client(name).endpoint.concurrency for name in {cycle.writer, cycle.critic}}
        self._size = min(len(questions), max(1, *concurrency.values()))
        emit = self._crew.tell
        journal = Journal(library, servers, Slots(concurrency), budget, emit, cancel)
        ladder = Ladder(rung_of(get_probe(library, cycle.critic)))
        critic = Critic(library, cycle, settings, journal, ladder)
        model = servers.client(cycle.critic).endpoint.model or ""
        self._loop = QuestionLoop(
            cycle=cycle,
            settings=settings,
            writer=Writer(library, cycle, settings, journal, emit, servers.client(cycle.writer).endpoint.sampling),
            critic=critic,
            judge=FinalJudge(library, cycle, journal, ladder),
            calibration=Calibration(library, critic, cycle.critic, model, cycle.seed, cycle.id, emit),
            emit=emit,
        )

    def work(self) -> Iterator[Event]:
        """All events until the last worker has ended."""
        return self._crew.run([self._work] * self._size)

    def _work(self) -> None:
        while not self._cancel.cancelled and self._to_do:
            try:
                question = self._to_do.popleft()
            except IndexError:  # another worker took the last one
                break
            self._draft(question)

    def _draft(self, question: Question) -> None:
        self._crew.tell(QuestionStarted(question.id, question.position, question.text))
        set_question_state(self._library, question.id, QuestionState.RUNNING)
        try:
            outcome = self._loop.run(question)
            self._loop.look_back(question, outcome)
        except Cancelled:
            set_question_state(self._library, question.id, QuestionState.WAITING)
            return
        except LibraryError:
            raise
        except KnownError as error:
            set_question_state(self._library, question.id, QuestionState.FAILED, error=str(error))
            self._crew.tell(QuestionFailed(question.id, question.position, str(error)))
            return
        best = outcome.best
        best_draft_id = best.draft.id if best else None
        set_question_state(self._library, question.id, QuestionState.DONE, outcome.reason, best_draft_id)
        self._crew.tell(
            QuestionFinished(
                question_id=question.id,
                position=question.position,
                stop_reason=outcome.reason,
                best_draft_id=best_draft_id,
                best_score=best.score if best else None,
                iterations=len(outcome.rounds),
            )
        )


def _plan(cycle: Cycle, settings: DraftingSettings, servers: Servers, questions: list[Question]) -> Plan:
    return Plan(
        questions=questions,
        settings=settings,
        max_iterations=cycle.max_iterations,
        seed=cycle.seed,
        writer=servers.client(cycle.writer).endpoint,
        critic=servers.client(cycle.critic).endpoint,
    )


def _own_judge(cycle: Cycle, servers: Servers) -> Iterator[Event]:
    """A warning where the critic is the model that writes: it would praise its own faults."""
    writer, critic = servers.client(cycle.writer), servers.client(cycle.critic)
    if (writer.base_url, writer.endpoint.model) == (critic.base_url, critic.endpoint.model):
        yield Warned(f"{cycle.writer!r} and {cycle.critic!r} are the same model: it judges its own drafts.")


def _critic_report(library: Library, cycle_id: int) -> Iterator[Event]:
    """How each critic that was tried in this cycle has done in all its trials, and a warning where it did badly."""
    tried = {(trial.critic, trial.model) for trial in list_trials(library, cycle_id=cycle_id)}
    for record in records_of(list_trials(library)):
        if (record.critic, record.model) in tried:
            yield from report_critic(record)


def _spent(library: Library, cycle_id: int) -> Spending:
    used = usage_of(library, cycle_id)
    return Spending(used.prompt_tokens + used.completion_tokens, used.cost_usd or 0.0)


def _summary(library: Library, cycle_id: int, state: CycleState, elapsed_s: float) -> CycleFinished:
    by_state = Counter(question.state for question in list_questions(library, cycle_id))
    used = usage_of(library, cycle_id)
    return CycleFinished(
        cycle_id=cycle_id,
        state=state,
        done=by_state[QuestionState.DONE],
        failed=by_state[QuestionState.FAILED],
        waiting=by_state[QuestionState.WAITING],
        calls=used.calls,
        lost_calls=used.lost,
        failed_calls=used.failed,
        prompt_tokens=used.prompt_tokens,
        completion_tokens=used.completion_tokens,
        estimated=used.estimated,
        elapsed_s=elapsed_s,
        cost_usd=used.cost_usd,
        unpriced_calls=used.unpriced,
    )
