"""The journal of requests: written before a request leaves and after its answer is whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lorastudio.domain.clock import now
from lorastudio.domain.draft import Call, CallPurpose, CallState
from lorastudio.domain.endpoint import Usage, cost_of
from lorastudio.domain.errors import BugError
from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library

# What `Usage.estimated` means: four characters a token.
CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class CallTotals:
    """What the calls of a cycle or a verification cost; `calls` counts every attempt. `estimated`: some of the
    tokens are estimates.

    `cost_usd` is what the priced ones cost, None when no endpoint has a price; `unpriced` ones are not in it.
    """

    calls: int
    answered: int
    lost: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    estimated: bool
    cost_usd: float | None = None
    unpriced: int = 0


@dataclass(frozen=True, slots=True)
class MeanCall:
    """How many calls there were, and the tokens and seconds of one on average."""

    calls: int
    completion_tokens: float
    elapsed_s: float


def record_sent(
    library: Library,
    *,
    key: str,
    question_id: int | None,
    iteration: int,
    purpose: CallPurpose,
    endpoint: str,
    request: dict[str, Any],
    verification_id: int | None = None,
) -> Call:
    """Write down a request that is about to leave, as the next attempt of its key."""
    with library.transaction():
        earlier = library.value("SELECT max(attempt) FROM calls WHERE key = ?", (key,)) or 0
        call_id = library.insert(
            "calls",
            {
                "key": key,
                "attempt": earlier + 1,
                "question_id": question_id,
                "verification_id": verification_id,
                "iteration": iteration,
                "purpose": purpose,
                "endpoint": endpoint,
                "state": CallState.SENT,
                "request": to_json(request),
                "sent_at": now(),
            },
        )
        return _get(library, call_id)


def record_answer(
    library: Library,
    call_id: int,
    *,
    answer: str,
    reasoning: str,
    finish_reason: str,
    usage: Usage,
    elapsed_s: float,
    cost_usd: float | None = None,
) -> Call:
    """Write down the whole answer of a call that was sent."""
    with library.transaction():
        _end(
            library,
            call_id,
            {
                "state": CallState.ANSWERED,
                "answer": answer,
                "reasoning": reasoning,
                "finish_reason": finish_reason,
                "prompt_tokens": usage.prompt_tokens,
                "completion_tokens": usage.completion_tokens,
                "tokens_estimated": usage.estimated,
                "elapsed_s": elapsed_s,
                "cost_usd": cost_usd,
            },
        )
        return _get(library, call_id)


def record_failure(
    library: Library, call_id: int, error: str, *, usage: Usage | None = None, cost_usd: float | None = None
) -> Call:
    """Write down that a call failed after all retries, with what it cost all the same (None: it never left)."""
    cost: dict[str, Any] = {}
    if usage is not None:
        cost = {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "tokens_estimated": usage.estimated,
            "cost_usd": cost_usd,
        }
    with library.transaction():
        _end(library, call_id, {"state": CallState.FAILED, "error": error, **cost})
        return _get(library, call_id)


def find_answer(library: Library, key: str) -> Call | None:
    """The answered call of `key`, None when it must (still) be asked."""
    row = library.row(
        "SELECT * FROM calls WHERE key = ? AND state = ? ORDER BY attempt DESC LIMIT 1", (key, CallState.ANSWERED)
    )
    return None if row is None else _call(row)


def mark_lost(library: Library) -> list[Call]:
    """At start-up: calls that were in flight when the program died are lost.

    Their servers may have worked and charged for them, so their cost is estimated from the request and from
    what had arrived of the draft, at the prices that the endpoint has now.
    """
    with library.transaction():
        sent = library.rows(
            "SELECT calls.id, request, prompt_price, completion_price FROM calls"
            " LEFT JOIN endpoints ON endpoints.name = calls.endpoint WHERE state = ?",
            (CallState.SENT,),
        )
        for row in sent:
            arrived = library.value(
                "SELECT sum(length(text) + length(reasoning)) FROM drafts WHERE call_id = ?", (row["id"],)
            )
            usage = Usage(_estimate(_content_length(from_json(row["request"]))), _estimate(arrived or 0), True)
            _end(
                library,
                row["id"],
                {
                    "state": CallState.LOST,
                    "prompt_tokens": usage.prompt_tokens,
                    "completion_tokens": usage.completion_tokens,
                    "tokens_estimated": True,
                    "cost_usd": cost_of(usage, row["prompt_price"], row["completion_price"]),
                },
            )
        return [_get(library, row["id"]) for row in sent]


def list_calls(
    library: Library,
    question_id: int | None = None,
    cycle_id: int | None = None,
    verification_id: int | None = None,
) -> list[Call]:
    """The calls of a question, of a cycle, of a verification, or all, in the order in which they were sent."""
    rows = library.rows(
        "SELECT calls.* FROM calls LEFT JOIN questions ON questions.id = calls.question_id"
        " WHERE (:question IS NULL OR calls.question_id = :question)"
        " AND (:cycle IS NULL OR questions.cycle_id = :cycle)"
        " AND (:verification IS NULL OR calls.verification_id = :verification) ORDER BY calls.id",
        {"question": question_id, "cycle": cycle_id, "verification": verification_id},
    )
    return [_call(row) for row in rows]


def usage_of(library: Library, cycle_id: int) -> CallTotals:
    """What all calls of a cycle, the lost ones too, cost so far."""
    return _totals(library, "question_id IN (SELECT id FROM questions WHERE cycle_id = ?)", cycle_id)


def usage_of_verification(library: Library, verification_id: int) -> CallTotals:
    """What all calls of a verification, the lost ones too, cost so far."""
    return _totals(library, "verification_id = ?", verification_id)


def mean_call(library: Library, endpoint: str, purposes: Sequence[CallPurpose]) -> MeanCall:
    """What answered calls to an endpoint for these purposes took, on average."""
    marks = ", ".join("?" for _ in purposes)
    row = library.row(
        "SELECT count(*) AS calls, avg(completion_tokens) AS tokens, avg(elapsed_s) AS elapsed_s FROM calls"
        f" WHERE endpoint = ? AND state = ? AND purpose IN ({marks})",
        (endpoint, CallState.ANSWERED, *purposes),
    )
    if row is None or not row["calls"]:
        return MeanCall(0, 0.0, 0.0)
    return MeanCall(row["calls"], row["tokens"], row["elapsed_s"])


def _totals(library: Library, condition: str, of: int) -> CallTotals:
    rows = library.rows(
        "SELECT state, count(*) AS calls, sum(prompt_tokens) AS prompt_tokens,"
        " sum(completion_tokens) AS completion_tokens, max(tokens_estimated) AS estimated,"
        " sum(cost_usd) AS cost_usd, sum(cost_usd IS NULL) AS unpriced"
        f" FROM calls WHERE {condition} GROUP BY state",
        (of,),
    )
    count = {CallState(row["state"]): row["calls"] for row in rows}
    return CallTotals(
        calls=sum(count.values()),
        answered=count.get(CallState.ANSWERED, 0),
        lost=count.get(CallState.LOST, 0),
        failed=count.get(CallState.FAILED, 0),
        prompt_tokens=sum(row["prompt_tokens"] for row in rows),
        completion_tokens=sum(row["completion_tokens"] for row in rows),
        estimated=any(row["estimated"] for row in rows),
        cost_usd=sum(costs) if (costs := [row["cost_usd"] for row in rows if row["cost_usd"] is not None]) else None,
        unpriced=sum(row["unpriced"] for row in rows),
    )


def _end(library: Library, call_id: int, values: dict[str, Any]) -> None:
    assignments = ", ".join(f"{name} = :{name}" for name in values)
    touched = library.execute(
        f"UPDATE calls SET {assignments} WHERE id = :call_id AND state = :sent",
        {**values, "call_id": call_id, "sent": CallState.SENT},
    )
    if touched != 1:
        raise BugError(f"Call {call_id} is not in flight.")


def _estimate(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)


def _content_length(request: dict[str, Any]) -> int:
    return sum(len(str(message.get("content", ""))) for message in request.get("messages", ()))


def _get(library: Library, call_id: int) -> Call:
    row = library.row("SELECT * FROM calls WHERE id = ?", (call_id,))
    if row is None:
        raise BugError(f"There is no call {call_id}.")
    return _call(row)


def _call(row: sqlite3.Row) -> Call:
    return Call(
        id=row["id"],
        key=row["key"],
        attempt=row["attempt"],
        question_id=row["question_id"],
        iteration=row["iteration"],
        purpose=CallPurpose(row["purpose"]),
        endpoint=row["endpoint"],
        state=CallState(row["state"]),
        answer=row["answer"],
        finish_reason=row["finish_reason"],
        prompt_tokens=row["prompt_tokens"],
        completion_tokens=row["completion_tokens"],
        tokens_estimated=bool(row["tokens_estimated"]),
        elapsed_s=row["elapsed_s"],
        error=row["error"],
        cost_usd=row["cost_usd"],
        verification_id=row["verification_id"],
    )
