"""Drafting in words: what a cycle will take and did, and how its critic did."""

from __future__ import annotations

from lorastudio.cli.session import counted
from lorastudio.domain.amounts import dollars, duration
from lorastudio.domain.drafting_events import Bound, CriticReported, CycleEstimated, CycleFinished
from lorastudio.domain.verification_events import VerificationFinished


def estimate_lines(told: CycleEstimated) -> list[str]:
    """What is told before a cycle starts."""
    source = "by what earlier calls took" if told.measured else "nothing was measured with these servers yet"
    lines = [
        f"{counted(told.questions, 'question')}. Probably {_bound(told.expected)} ({source}).",
        f"At most {_bound(told.most)}, repeats of failed calls aside.",
    ]
    caps = []
    if told.cap_tokens is not None:
        caps.append(f"{told.cap_tokens:,} tokens")
    if told.cap_usd is not None:
        caps.append(dollars(told.cap_usd))
    if told.cap_s is not None:
        caps.append(duration(told.cap_s))
    return [*lines, f"The budget ends it at {', '.join(caps)}."] if caps else lines


def finished_line(done: CycleFinished | VerificationFinished) -> str:
    """What a cycle or a verification took."""
    about = "about " if done.estimated else ""
    again = f", {done.lost_calls} of them repeated after a crash" if done.lost_calls else ""
    failed = f", {done.failed_calls} failed" if done.failed_calls else ""
    cost = "" if done.cost_usd is None else f", {about}{dollars(done.cost_usd)}"
    unpriced = f" ({counted(done.unpriced_calls, 'call')} without a price)" if cost and done.unpriced_calls else ""
    return (
        f"{done.calls} calls{again}{failed}; {about}{done.prompt_tokens} tokens read, "
        f"{done.completion_tokens} written{cost}{unpriced}."
    )


def critic_line(told: CriticReported) -> str:
    """How a critic did so far."""
    alarms = f"; blamed {told.alarms} of {counted(told.controls, 'unchanged answer')}" if told.controls else ""
    return f"Critic {told.critic}: found {told.found} of {counted(told.planted, 'planted fault')}{alarms}."


def _bound(bound: Bound) -> str:
    money = "" if bound.cost_usd is None else f", {dollars(bound.cost_usd)}"
    return f"{counted(bound.calls, 'call')}, {bound.tokens:,} tokens{money}, {duration(bound.seconds)}"
