"""What a verification takes at most, said before anybody is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lorastudio.domain.endpoint import Endpoint, Usage, cost_of
from lorastudio.domain.messages import Conversation
from lorastudio.domain.verified import Method, Query, Verification
from lorastudio.services.drafting.calls import BYTES_PER_TOKEN_AT_LEAST
from lorastudio.services.verification.examination import examination_messages
from lorastudio.services.verification.panel import question_messages
from lorastudio.services.verification.settings import VerificationSettings

# Orders in which an examiner sees the others' answers, and the times it is asked for a form that can be read.
_ORDERS, _TRIES = 2, 2
# What a second try adds to a prompt: why the answer before could not be used.
_NOTE_BYTES = 300


@dataclass(frozen=True, slots=True)
class CallsBound:
    """Calls at least and at most, and the tokens and dollars of the most (None: no price is known)."""

    calls_least: int
    calls_most: int
    tokens_most: int
    cost_usd_most: float | None


def bound_verification(
    queries: Sequence[Query],
    verification: Verification,
    settings: VerificationSettings,
    endpoints: Mapping[str, Endpoint],
) -> CallsBound:
    """What the open questions take, calls that fail and are repeated left aside.

    Each teacher (and the writer) answers once; at most each teacher then judges the others' answers, all of full
    length, in both orders, each asked for twice since its form can't be read.
    """
    answering = [*verification.teachers, *([verification.writer] if verification.writer is not None else [])]
    written = {name: endpoints[name].sampling.max_tokens or settings.max_tokens for name in answering}
    usage = {
        name: Usage(sum(_tokens(question_messages(query, settings.method)) for query in queries), len(queries) * limit)
        for name, limit in written.items()
    }
    examinations = 0 if settings.method is Method.SHORT else len(queries) * _ORDERS * _TRIES
    if examinations:
        for name in verification.teachers:
            others = sum(limit for other, limit in written.items() if other != name)
            empty = [""] * (len(written) - 1)
            prompt = sum(_tokens(examination_messages(query.text, empty)) + others + _NOTE_BYTES for query in queries)
            judged = endpoints[name].sampling.max_tokens or settings.examiner_max_tokens
            usage[name] = Usage(
                usage[name].prompt_tokens + _ORDERS * _TRIES * prompt,
                usage[name].completion_tokens + examinations * judged,
            )
    costs = [
        cost
        for name, used in usage.items()
        if (cost := cost_of(used, endpoints[name].prompt_price, endpoints[name].completion_price)) is not None
    ]
    least = len(queries) * len(answering)
    return CallsBound(
        calls_least=least,
        calls_most=least + examinations * len(verification.teachers),
        tokens_most=sum(used.prompt_tokens + used.completion_tokens for used in usage.values()),
        cost_usd_most=sum(costs) if costs else None,
    )


def _tokens(messages: Conversation) -> int:
    size_bytes = sum(len(message.content.encode("utf-8", "surrogatepass")) for message in messages)
    return size_bytes // BYTES_PER_TOKEN_AT_LEAST + 1
