"""One question: draft, critique, revise, until a rule says stop."""

from __future__ import annotations

from dataclasses import dataclass

from lorastudio.domain.draft import Cycle, Draft, DraftState, Question, StopReason
from lorastudio.domain.drafting_events import CritiqueFinished, DraftFinished
from lorastudio.domain.errors import KnownError
from lorastudio.services.drafting.budget import Budget
from lorastudio.services.drafting.calls import Emit, Journal
from lorastudio.services.drafting.critic import Critic
from lorastudio.services.drafting.rubrics import is_practice
from lorastudio.services.drafting.settings import DraftingSettings
from lorastudio.services.drafting.stopping import Round, StopRules, best_round, stop_reason
from lorastudio.services.drafting.writer import Writer

_TARGET_SCORE = 0.9
_PRACTICE_TARGET_SCORE = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a question's loop ended; `best` is None when no draft was scored."""

    reason: StopReason
    rounds: tuple[Round, ...]
    best: Round | None


@dataclass(frozen=True, slots=True)
class QuestionLoop:
    """Everything that the questions of one cycle share. Safe to use from several threads."""

    cycle: Cycle
    settings: DraftingSettings
    journal: Journal
    budget: Budget
    writer: Writer
    critic: Critic
    emit: Emit

    def run(self, question: Question) -> Outcome:
        """Work on a question to its end, from the start or from wherever the library has it.

        Raises KnownError when a server fails for good or nothing usable was written, and Cancelled.
        """
        rules = self._rules(question)
        rounds: list[Round] = []
        reason: StopReason | None = None
        while reason is None:
            asked = self.writer.plan(question, rounds)
            if self.budget.used_up and not self.journal.is_answered(asked):
                reason = StopReason.BUDGET
                break
            rounds.append(self._judge(question, self._show_draft(question, self.writer.write(asked))))
            reason = stop_reason(rounds, rules)
        if rounds and all(item.critique is None for item in rounds):
            raise KnownError(_nothing_usable(rounds), "Choose another writer or a higher limit of tokens.")
        return Outcome(reason, tuple(rounds), best_round(rounds))

    def _rules(self, question: Question) -> StopRules:
        return StopRules(
            max_iterations=self.cycle.max_iterations,
            target_score=target_score(question, self.settings),
            least_gain=self.settings.least_gain,
            unchanged_similarity=self.settings.unchanged_similarity,
        )

    def _show_draft(self, question: Question, draft: Draft) -> Draft:
        self.emit(DraftFinished(question.id, question.position, draft.id, draft.iteration, draft.state, draft.text))
        return draft

    def _judge(self, question: Question, draft: Draft) -> Round:
        """The draft with its verdict; what was cut off or says nothing is never judged, and so never best."""
        if draft.state is not DraftState.FINISHED or not draft.text:
            return Round(draft, None)
        critique = self.critic.judge(question, draft)
        self.emit(
            CritiqueFinished(
                question_id=question.id,
                position=question.position,
                draft_id=draft.id,
                iteration=draft.iteration,
                score=critique.score,
                spread=critique.spread,
                scores=critique.scores,
                issues=critique.issues,
            )
        )
        return Round(draft, critique)


def target_score(question: Question, settings: DraftingSettings) -> float:
    """The score (0..1) that is good enough to end the loop of a question."""
    if settings.target_score is not None:
        return settings.target_score
    return _PRACTICE_TARGET_SCORE if is_practice(question) else _TARGET_SCORE


def _nothing_usable(rounds: list[Round]) -> str:
    cut = sum(item.draft.state is DraftState.TRUNCATED for item in rounds)
    return f"No draft could be used: of {len(rounds)}, {cut} were cut off by the token limit and the others empty."
