"""Measuring the critic while it works: now and then it is shown a good draft with a planted fault."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from lorastudio.datasets.defects import PRACTICE_KINDS, Planted, plantable
from lorastudio.domain.critic_trial import CriticRecord, CriticTrial, DefectKind, TrialOutcome, complaint_of
from lorastudio.domain.draft import CallPurpose, Issue, Question
from lorastudio.domain.drafting_events import CriticReported, CriticTried
from lorastudio.domain.events import Event, Warned
from lorastudio.domain.seeds import derive_seed
from lorastudio.services.drafting.calls import Emit
from lorastudio.services.drafting.critic import Critic, Verdict
from lorastudio.services.drafting.rubrics import is_practice
from lorastudio.store.critic_trials import add_trial
from lorastudio.store.library import Library

# One level of one lighter criterion out of a usual rubric; less is rounding and luck.
LEAST_DROP = 0.03
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Calibration:
    """Shows faults to one critic. Outside of a cycle `cycle_id` is None, and `occasion` tells one check from
    another. Safe to use from several threads."""

    library: Library
    critic: Critic
    name: str
    model: str
    seed: int
    cycle_id: int | None
    emit: Emit
    occasion: str = ""

    def try_out(self, question: Question, text: str, iteration: int, before: float | None, most_kinds: int) -> None:
        """Show the critic a good answer as it stands, and with up to `most_kinds` faults, one at a time.

        `before` is what the critic scored that answer (0..1); None when it never saw it: then its score of the
        control counts. Every trial is kept once. Raises what `Journal.ask` raises.
        """
        rng = random.Random(derive_seed(self.seed, "planted", question.position))
        kinds = list(PRACTICE_KINDS if is_practice(question) else DefectKind)
        planted = plantable(text, kinds, question.language, rng)
        rng.shuffle(planted)
        if not planted:
            return
        control = self._show(question, text, iteration, "control")
        known = control.score if before is None else before
        self._keep(question, None, judge_control(control, known), control.score, known)
        for fault in planted[:most_kinds]:
            verdict = self._show(question, fault.text, iteration, fault.kind.value)
            self._keep(question, fault.kind, judge_planted(verdict, fault, known), verdict.score, known)

    def _show(self, question: Question, text: str, iteration: int, name: str) -> Verdict:
        return self.critic.read(question, text, iteration, CallPurpose.CALIBRATE, f"{self.occasion}{name}.").verdict

    def _keep(
        self,
        question: Question,
        kind: DefectKind | None,
        outcome: TrialOutcome,
        score: float | None,
        before: float | None,
    ) -> None:
        place = f"{self.seed}/{self.occasion}{question.position}"
        key = f"{place}/{self.name}/{kind.value if kind else 'control'}"
        trial = CriticTrial(key, self.name, self.model, self.cycle_id, kind, outcome, score, before)
        if add_trial(self.library, trial):
            self.emit(CriticTried(self.name, question.id, kind, outcome))


def report_critic(record: CriticRecord) -> Iterator[Event]:
    """The record as an event, and a warning where the critic can't be trusted."""
    yield CriticReported(
        critic=record.critic,
        model=record.model,
        planted=record.planted,
        found=record.found,
        controls=record.controls,
        alarms=record.alarms,
        unreadable=record.unreadable,
        kinds=record.kinds,
        complaints=record.complaints,
    )
    if words := complaint_of(record):
        yield Warned(words)


def is_due(seed: int, position: int, every: int) -> bool:
    """Whether the question at this position is one in `every` whose good draft measures the critic."""
    return every > 0 and derive_seed(seed, "calibrate", position) % every == 0


def judge_planted(verdict: Verdict, fault: Planted, before: float | None) -> TrialOutcome:
    """`FOUND` when the score falls below that of the good answer, or an issue quotes the planted words."""
    if verdict.score is None:
        return TrialOutcome.UNREADABLE
    fell = before is not None and verdict.score <= before - LEAST_DROP + _ROUNDING
    quoted = any(_overlaps(issue, quote) for issue in verdict.issues for quote in fault.quotes)
    return TrialOutcome.FOUND if fell or quoted else TrialOutcome.MISSED


def judge_control(verdict: Verdict, before: float | None) -> TrialOutcome:
    """`ALARM` when the unchanged answer now has a severe issue, or a score as low as a fault would give it."""
    if verdict.score is None:
        return TrialOutcome.UNREADABLE
    fell = before is not None and verdict.score <= before - LEAST_DROP + _ROUNDING
    return TrialOutcome.ALARM if fell or any(issue.severe for issue in verdict.issues) else TrialOutcome.CLEAN


def _overlaps(issue: Issue, planted: str) -> bool:
    return bool(issue.quote) and (planted in issue.quote or issue.quote in planted)
