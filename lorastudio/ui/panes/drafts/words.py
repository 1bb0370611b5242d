"""Scores, states and endings of drafts, in words."""

from __future__ import annotations

from lorastudio.domain.draft import DraftState, StopReason
from lorastudio.domain.errors import KnownError

GOOD, FAIR = 0.8, 0.6

STOPPED = {
    StopReason.SCORE_REACHED: "It stopped because the score is good enough.",
    StopReason.LITTLE_GAIN: "It stopped because the last two drafts brought little.",
    StopReason.UNCHANGED: "It stopped because the draft hardly changed.",
    StopReason.SCORE_FELL: "It stopped because the score fell twice.",
    StopReason.MAX_ITERATIONS: "It stopped after all its drafts.",
    StopReason.BUDGET: "It stopped because the budget of the cycle is used up.",
    StopReason.ABSTAINED: "It stopped because the critic gave no verdict twice.",
}
DRAFT_STATES = {
    DraftState.STREAMING: "being written",
    DraftState.FINISHED: "",
    DraftState.TRUNCATED: "cut off by the limit of tokens",
    DraftState.INTERRUPTED: "cut short",
}


def score_text(score: float | None) -> str:
    """0.86 → "8.6", out of ten."""
    return "–" if score is None else f"{10 * score:.1f}"


def score_kind(score: float | None) -> str:
    """Green from eight up, amber from six, else red; the number stands with it."""
    if score is None:
        return ""
    return "good" if score >= GOOD else "warn" if score >= FAIR else "bad"


def stop_rules(target: float, drafts: int, least_gain: float) -> str:
    """When drafting on a question will stop."""
    return (
        f"Stops at {score_text(target)} with no severe fault, after {drafts} drafts, "
        f"or when two drafts bring less than {score_text(least_gain)}."
    )


def with_hint(error: KnownError, hint: str) -> KnownError:
    """The error, with this hint where it has none of its own."""
    return error if error.hint else KnownError(error.message, hint)
