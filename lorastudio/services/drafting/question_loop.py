"""One question: draft, critique, revise, until a rule says stop."""

from __future__ import annotations

from dataclasses import dataclass

from lorastudio.domain.draft import Cycle, Draft, DraftState, Question, StopReason
from lorastudio.domain.drafting_events import CritiqueFinished, DraftFinished, FinalPairJudged
from lorastudio.domain.errors import EndpointError, KnownError
from lorastudio.domain.events import Warned
from lorastudio.services.drafting.budget import BudgetUsedUp
from lorastudio.services.drafting.calibration import Calibration, is_due
from lorastudio.services.drafting.calls import Emit
from lorastudio.services.drafting.critic import Critic
from lorastudio.services.drafting.final_pair import FinalJudge
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
    writer: Writer
    critic: Critic
    judge: FinalJudge
    calibration: Calibration
    emit: Emit

    def run(self, question: Question) -> Outcome:
        """Work on a question to its end, from the start or from wherever the library has it.

        Raises KnownError when a server fails for good or nothing usable was written, and Cancelled.
        """
        rules = self._rules(question)
        rounds: list[Round] = []
        reason: StopReason | None = None
        while reason is None:
            try:
                draft = self._show_draft(question, self.writer.write(self.writer.plan(question, rounds)))
                rounds.append(Round(draft, None))
                rounds[-1] = self._judge(question, draft)
            except BudgetUsedUp:
                reason = StopReason.BUDGET
            else:
                reason = stop_reason(rounds, rules)
        if reason is not StopReason.BUDGET and all(item.critique is None for item in rounds):
            raise KnownError(_nothing_usable(rounds), "Choose another writer or a higher limit of tokens.")
        return Outcome(reason, tuple(rounds), best_round(rounds))

    def look_back(self, question: Question, outcome: Outcome) -> None:
        """After the loop: compare the final pair in both orders and, now and then, measure the critic.

        Neither changes which draft is best. A server that fails at this is told of and fails no question; what
        the budget does not allow is left out. Raises `Cancelled`.
        """
        try:
            if self.settings.judge_final and outcome.best is not None:
                self._compare(question, outcome.rounds, outcome.best)
            if outcome.best is not None and self._is_good(question, outcome.best):
                self._calibrate(question, outcome.best)
        except BudgetUsedUp:
            return
        except EndpointError as error:
            self.emit(Warned(f"Question {question.position + 1}: its drafts are kept, but not all was judged: {error}"))

    def _compare(self, question: Question, rounds: tuple[Round, ...], best: Round) -> None:
        judged = self.judge.compare(question, rounds, best)
        if judged is not None:
            self.emit(
                FinalPairJudged(
                    question_id=question.id,
                    position=question.position,
                    best_draft_id=judged.best_draft_id,
                    other_draft_id=judged.other_draft_id,
                    preference=judged.preference,
                )
            )

    def _is_good(self, question: Question, best: Round) -> bool:
        return (best.score or 0.0) >= target_score(question, self.settings) and not best.severe

    def _calibrate(self, question: Question, best: Round) -> None:
        if is_due(self.cycle.seed, question.position, self.settings.calibrate_every):
            self.calibration.try_out(question, best.draft.text, best.draft.iteration, best.score, most_kinds=1)

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
