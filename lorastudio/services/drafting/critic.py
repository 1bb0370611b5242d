"""The critic: draft in, verdict out."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lorastudio.datasets.checks import check_answer
from lorastudio.domain.draft import CallPurpose, Critique, Cycle, Draft, Issue, Question
from lorastudio.domain.endpoint import Sampling
from lorastudio.domain.messages import Conversation
from lorastudio.domain.rubric import Rubric
from lorastudio.domain.seeds import derive_seed
from lorastudio.endpoints.structured import Ask, Ladder
from lorastudio.services.drafting.calls import Asked, Journal
from lorastudio.services.drafting.critic_prompt import Opinion, critic_messages, opinion_reader, opinion_shape
from lorastudio.services.drafting.rubrics import is_practice, rubric_for
from lorastudio.services.drafting.settings import DraftingSettings
from lorastudio.store.critiques import add_critique, get_critique
from lorastudio.store.library import Library

# Several answers to one prompt must be able to differ; a single one should be the likeliest.
_TEMPERATURE_OF_MANY = 0.7


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all opinions come to; see `domain.draft.Critique`."""

    score: float | None
    spread: float
    scores: dict[str, float]
    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A verdict and the calls that it came from."""

    verdict: Verdict
    call_ids: tuple[int, ...]


class Critic:
    """Judges drafts of one cycle. Safe to use from several threads."""

    def __init__(
        self, library: Library, cycle: Cycle, settings: DraftingSettings, journal: Journal, ladder: Ladder
    ) -> None:
        self._library = library
        self._cycle = cycle
        self._settings = settings
        self._journal = journal
        self._ladder = ladder

    def judge(self, question: Question, draft: Draft) -> Critique:
        """The verdict on a draft, as the library has it or from the critic's endpoint.

        Raises what `Journal.ask` raises.
        """
        known = get_critique(self._library, draft.id)
        if known is not None:
            return known
        reading = self.read(question, draft.text, draft.iteration, CallPurpose.CRITIQUE)
        verdict = limit_by_checks(reading.verdict, failed_checks(question, draft.text), question.checks)
        return add_critique(
            self._library,
            draft_id=draft.id,
            call_ids=reading.call_ids,
            score=verdict.score,
            spread=verdict.spread,
            scores=verdict.scores,
            issues=verdict.issues,
            abstained=verdict.score is None,
        )

    def read(self, question: Question, text: str, iteration: int, purpose: CallPurpose, name: str = "") -> Reading:
        """What the critic alone, without the checks in code, says of a text in answer to a question.

        Iteration, purpose and `name` tell the calls of different texts apart. Raises what `Journal.ask` raises.
        """
        rubric = rubric_for(question, self._settings)
        messages = critic_messages(question, text, rubric)
        shape, reader = opinion_shape(rubric), opinion_reader(rubric, text)
        call_ids: list[int] = []
        opinions = [
            self._ladder.ask(
                self._asking(question, iteration, purpose, f"{name}{index}", call_ids), messages, shape, reader
            )
            for index in range(self._settings.critiques_per_draft)
        ]
        return Reading(combine(opinions, rubric), tuple(call_ids))

    def _asking(self, question: Question, iteration: int, purpose: CallPurpose, index: str, call_ids: list[int]) -> Ask:
        def ask(messages: Conversation, response_format: Mapping[str, Any] | None, attempt: int) -> str:
            name = f"{index}.{attempt}" if attempt else index
            asked = Asked(
                question=question,
                iteration=iteration,
                purpose=purpose,
                index=name,
                endpoint=self._cycle.critic,
                messages=messages,
                sampling=self._sampling(question, iteration, name),
                response_format=response_format,
            )
            call = self._journal.ask(asked)
            call_ids.append(call.id)
            return call.answer

        return ask

    def _sampling(self, question: Question, iteration: int, index: str) -> Sampling:
        many = self._settings.critiques_per_draft > 1
        return Sampling(
            temperature=_TEMPERATURE_OF_MANY if many else 0.0,
            max_tokens=self._settings.critic_max_tokens,
            seed=derive_seed(self._cycle.seed, question.position, iteration, CallPurpose.CRITIQUE.value, index),
        )


def combine(opinions: Sequence[Opinion | None], rubric: Rubric) -> Verdict:
    """Median per criterion, weighted mean over criteria; the spread is the standard deviation of the
    opinions' own weighted means (0 for one). The critic abstains when half of its opinions or more say nothing."""
    told = [item for item in opinions if item is not None and not item.abstained]
    if len(told) * 2 <= len(opinions):
        return Verdict(None, 0.0, {}, ())
    scores = {item.name: statistics.median(opinion.scores[item.name] for opinion in told) for item in rubric.criteria}
    spread = statistics.pstdev([weighted_mean(opinion.scores, rubric) for opinion in told])
    issues = {(issue.criterion, issue.quote, issue.message): issue for opinion in told for issue in opinion.issues}
    return Verdict(weighted_mean(scores, rubric), spread, scores, tuple(issues.values()))


def weighted_mean(scores: Mapping[str, float], rubric: Rubric) -> float:
    """The mean of the criteria's scores by their weights, 0 to 1."""
    total = sum(item.weight for item in rubric.criteria)
    return sum(scores[item.name] * item.weight for item in rubric.criteria) / total


def failed_checks(question: Question, text: str) -> tuple[int, tuple[str, ...]]:
    """How many checks in code apply to an answer, and the names of those it fails.

    None apply in the practice world: there the critic is that very program, behind HTTP.
    """
    if is_practice(question) or not question.checks:
        return 0, ()
    results = check_answer(question.checks, question.text, text)
    return len(results), tuple(name for name, passed in results.items() if not passed)


def limit_by_checks(verdict: Verdict, failed: tuple[int, tuple[str, ...]], checks: Mapping[str, Any]) -> Verdict:
    """Code overrules the critic: a score is at most the share of checks passed, and each failed check is a
    severe issue that says what was wanted, so that such a draft never ends the loop as good."""
    count, names = failed
    if verdict.score is None or not names:
        return verdict
    issues = tuple(
        Issue(
            name,
            f"The check “{name}” fails; wanted: {json.dumps(checks.get(name, True), ensure_ascii=False)}.",
            severe=True,
        )
        for name in names
    )
    return Verdict(min(verdict.score, 1 - len(names) / count), verdict.spread, verdict.scores, issues + verdict.issues)
