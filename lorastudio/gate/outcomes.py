"""The primary figure, question by question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lorastudio.gate.evidence import Answers, QuestionEvidence


@dataclass(frozen=True, slots=True)
class Outcome:
    """The primary figure of one question, in 0..1, for the candidate and for what it is compared with.

    `over_base` is the candidate's figure minus the base's; None when the base is what it is compared with.
    """

    group: str
    candidate: float
    against: float
    over_base: float | None = None


def outcomes_of(questions: Sequence[QuestionEvidence]) -> list[Outcome]:
    """The primary figures of all questions that have one.

    With checks in code: the share of answers that pass all of them. Without: the judge's word as 1 won,
    1/2 tie, 0 lost, so that the mean of candidate - against is (wins - losses) / questions.
    """
    found: list[Outcome] = []
    for question in questions:
        passed, against = _pass_share(question.candidate), _pass_share(question.against)
        if passed is not None and against is not None:
            base = _pass_share(question.base or ())
            found.append(Outcome(question.group, passed, against, None if base is None else passed - base))
        elif question.judged is not None:
            won = (1.0 + question.judged) / 2.0
            over_base = None if question.judged_base is None else float(question.judged_base)
            found.append(Outcome(question.group, won, 1.0 - won, over_base))
    return found


def primary_name(questions: Sequence[QuestionEvidence]) -> str:
    """What the primary figure is made of, in words."""
    checked = any(_pass_share(question.candidate) is not None for question in questions)
    judged = any(question.judged is not None and _pass_share(question.candidate) is None for question in questions)
    if checked and judged:
        return "share of answers that pass all checks; win rate by the judge where a question has no checks"
    if judged:
        return "win rate by the judge"
    return "share of answers that pass all checks"


def _pass_share(answers: Answers) -> float | None:
    passed = [answer.passed for answer in answers if answer.passed is not None]
    return sum(passed) / len(passed) if passed else None
