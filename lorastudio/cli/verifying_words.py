"""Verification in words: what it stands and takes, and what each question came to."""

from __future__ import annotations

from lorastudio.cli.session import counted, figure
from lorastudio.domain.amounts import dollars
from lorastudio.domain.verification_events import QuestionVerified, VerificationStarted
from lorastudio.domain.verified import Outcome

SHOWN_CHARACTERS = 60


def started_lines(told: VerificationStarted) -> list[str]:
    """What is told before anybody is asked."""
    cost = "" if told.cost_usd_most is None else f" and {dollars(told.cost_usd_most)}"
    return [
        f"{counted(told.open_questions, 'question')} to {', '.join(told.teachers)}. {told.stands}",
        f"Takes {told.calls_least} to {told.calls_most} calls with {told.tokens_most:,} tokens{cost} at most, repeats "
        "of failed calls aside. Agreement is not truth.",
    ]


def question_line(told: QuestionVerified) -> str:
    """What a question came to; with a quorum, the answer that it stands behind."""
    text = f"question {told.position + 1}: "
    if told.outcome is not Outcome.AGREED:
        return f"{text}{told.outcome.value} ({told.agreement} at most)."
    answer = " ".join((told.answer or "").split())
    shown = answer if len(answer) <= SHOWN_CHARACTERS else f"{answer[: SHOWN_CHARACTERS - 1]}…"
    return f"{text}{told.agreement}, confidence {figure(told.confidence, 2)}: {shown}"
