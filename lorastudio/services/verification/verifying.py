"""Verification: questions to several teachers, kept where a quorum of them agrees.

Everything asked is journalled, so that a killed verification goes on where it was: no answer that was received
whole is asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Endpoint, Role
from lorastudio.domain.errors import KnownError, UsageError
from lorastudio.domain.events import Event, Warned
from lorastudio.domain.seeds import derive_seed
from lorastudio.domain.verification_events import QuestionVerified, VerificationFinished, VerificationStarted
from lorastudio.domain.verified import (
    Finding,
    Outcome,
    Query,
    Quorum,
    Verification,
    VerificationState,
    agreement_in_words,
    majority,
)
from lorastudio.endpoints.probe import rung_of
from lorastudio.endpoints.structured import Ladder
from lorastudio.services.drafting.budget import Budget, Spending
from lorastudio.services.drafting.calls import Journal, Slots
from lorastudio.services.drafting.crew import Crew
from lorastudio.services.drafting.estimate import refuse_unpriced
from lorastudio.services.drafting.servers import Servers
from lorastudio.services.servers import endpoint_for
from lorastudio.services.verification.case import Case
from lorastudio.services.verification.entering import enter_verified
from lorastudio.services.verification.estimate import bound_verification
from lorastudio.services.verification.panel import Panel
from lorastudio.services.verification.rounds import Rounds
from lorastudio.services.verification.settings import VerificationSettings
from lorastudio.store import verified
from lorastudio.store.calls import usage_of_verification
from lorastudio.store.endpoints import get_endpoint, get_probe, list_endpoints
from lorastudio.store.gate_questions import is_gate_text
from lorastudio.store.library import Library
from lorastudio.store.questions import NewQuestion


@dataclass(frozen=True, slots=True)
class Begun:
    """A verification that was written down; so many `gate_questions` were left out of it."""

    verification: Verification
    gate_questions: int


def start_verification(
    library: Library,
    specs: Sequence[NewQuestion],
    *,
    quorum: int | None = None,
    teachers: Sequence[str] = (),
    against_writer: bool = False,
    settings: VerificationSettings | None = None,
    seed: int = 0,
) -> Begun:
    """Write a verification down; nobody is asked yet.

    Without `teachers` all endpoints of that role are asked, without `quorum` more than half must agree. Gate
    questions are left out: they are never asked of anybody but versions. `UsageError` when teachers and quorum do
    not fit, KnownError when another verification is unfinished or no question is left.
    """
    if waiting := unfinished_verifications(library):
        raise KnownError(
            f"Verification {waiting[-1].id} is not finished.",
            "Continue it with `lorastudio verify --resume`, or leave it with `lorastudio verify --abandon`.",
        )
    chosen = teachers_named(library, teachers)
    names = tuple(teacher.name for teacher in chosen)
    rule = Quorum(majority(len(names)) if quorum is None else quorum, len(names))
    writer = endpoint_for(library, Role.WRITER) if against_writer else None
    settings = settings or VerificationSettings()
    refuse_unpriced([*chosen, *([writer] if writer is not None else [])], settings.budget_usd)
    kept = [spec for spec in specs if not is_gate_text(library, spec.text)]
    if not kept:
        raise KnownError("All these questions are gate questions, which no teacher may see.", "Give other questions.")
    made = verified.create_verification(
        library,
        quorum=rule,
        teachers=names,
        writer=None if writer is None else writer.name,
        seed=derive_seed("verification", seed),
        settings=settings.as_record(),
        questions=kept,
    )
    return Begun(made, len(specs) - len(kept))


def teachers_named(library: Library, names: Sequence[str]) -> list[Endpoint]:
    """The teachers of these names, or all; `UsageError` for one that is given twice or has another role."""
    if not names:
        return list_endpoints(library, Role.TEACHER)
    if len(set(names)) < len(names):
        raise UsageError("A teacher is named twice, and has one vote only.", "Name each once.")
    chosen = [get_endpoint(library, name) for name in names]
    for endpoint in chosen:
        if endpoint.role is not Role.TEACHER:
            raise UsageError(
                f"{endpoint.name} is a {endpoint.role.value}, not a teacher.",
                "Add it under another name with `lorastudio endpoint add NAME --role teacher --url URL`.",
            )
    return chosen


def unfinished_verifications(library: Library) -> list[Verification]:
    """Those that were stopped or killed, oldest first."""
    return [item for item in verified.list_verifications(library) if item.state is not VerificationState.FINISHED]


def continue_verification(library: Library, caps: Mapping[str, Any] | None = None) -> Verification:
    """The newest unfinished verification, or the newest of which questions went without enough answers, those
    waiting again; KnownError when there is neither. `caps` are budgets that hold from now on, in place of its own."""
    known = verified.list_verifications(library)
    waiting = [item for item in known if item.state is not VerificationState.FINISHED]
    waiting = waiting or [item for item in known if verified.count_outcomes(library, item.id)[Outcome.TOO_FEW]]
    if not waiting:
        raise KnownError("There is no unfinished verification.", "Start one with `lorastudio verify --questions FILE`.")
    chosen = waiting[-1]
    settings = VerificationSettings.from_record({**chosen.settings, **(caps or {})})
    with library.transaction():
        verified.reopen(library, chosen.id)
        verified.set_verification_settings(library, chosen.id, settings.as_record())
    return verified.get_verification(library, chosen.id)


def abandon_verification(library: Library, verification_id: int) -> None:
    """Leave a verification as it is: it counts as finished, and what was verified stays."""
    verified.set_verification_state(library, verification_id, VerificationState.FINISHED)


def run_verification(library: Library, verification_id: int, servers: Servers, cancel: CancelToken) -> Iterator[Event]:
    """Ask what is still open, from the start or from where an earlier run left off, and enter the pairs.

    The last event is `VerificationFinished`: STOPPED when somebody cancelled or the budget is used up, in which
    case the rest waits. A teacher that fails costs its vote, never the question. When the generator is closed
    early no thread outlives it. Raises KnownError when the library fails or an endpoint is gone.
    """
    verification = verified.get_verification(library, verification_id)
    settings = VerificationSettings.from_record(verification.settings)
    budget = Budget(settings, _spent(library, verification_id))
    open_queries = verified.list_queries(library, verification_id, Outcome.WAITING)
    state = VerificationState.STOPPED
    pairs: tuple[int, ...] = ()
    verified.set_verification_state(library, verification_id, VerificationState.RUNNING)
    try:
        endpoints = _endpoints(verification, servers)
        yield _started(library, verification, settings, endpoints, open_queries)
        yield from _alike(verification, endpoints)
        crew = _Panellists(library, verification, settings, endpoints)
        yield from crew.work(budget, servers, cancel.child(), open_queries)
        if not cancel.cancelled:
            left = verified.count_outcomes(library, verification_id)[Outcome.WAITING]
            state = VerificationState.STOPPED if left else VerificationState.FINISHED
            pairs = enter_verified(library, verification_id, accept=settings.accept).pairs
    finally:
        verified.set_verification_state(library, verification_id, state)
    yield _finished(library, verification_id, state, pairs, budget)


@dataclass(frozen=True, slots=True)
class _Panellists:
    """Everybody who is asked, ready to be."""

    library: Library
    verification: Verification
    settings: VerificationSettings
    endpoints: Mapping[str, Endpoint]

    def work(self, budget: Budget, servers: Servers, cancel: CancelToken, queries: Sequence[Query]) -> Iterator[Event]:
        """All events until every question is settled, or left."""
        concurrency = {name: endpoint.concurrency for name, endpoint in self.endpoints.items()}
        crew = Crew("verifying", cancel)
        journal = Journal(self.library, servers, Slots(concurrency), budget, crew.tell, cancel)
        ladders = {name: Ladder(rung_of(get_probe(self.library, name))) for name in self.verification.teachers}
        panel = Panel(self.verification, self.settings, journal, self.endpoints, ladders)

        def settle(query: Query, finding: Finding) -> None:
            verified.settle(self.library, query.id, finding)
            crew.tell(_verified(query, finding, self.verification.quorum))

        cases = [Case(query, self.verification, self.settings.method) for query in queries]
        return crew.run(Rounds(panel, cases, settle, crew.tell, cancel).workers(concurrency))


def _endpoints(verification: Verification, servers: Servers) -> dict[str, Endpoint]:
    names = [*verification.teachers, *([verification.writer] if verification.writer is not None else [])]
    return {name: servers.client(name).endpoint for name in names}


def _started(
    library: Library,
    verification: Verification,
    settings: VerificationSettings,
    endpoints: Mapping[str, Endpoint],
    queries: Sequence[Query],
) -> VerificationStarted:
    bound = bound_verification(queries, verification, settings, endpoints)
    return VerificationStarted(
        verification_id=verification.id,
        questions=sum(verified.count_outcomes(library, verification.id).values()),
        open_questions=len(queries),
        teachers=verification.teachers,
        quorum=verification.quorum.needed,
        stands=verification.quorum.stands(),
        calls_least=bound.calls_least,
        calls_most=bound.calls_most,
        tokens_most=bound.tokens_most,
        cost_usd_most=bound.cost_usd_most,
    )


def _verified(query: Query, finding: Finding, quorum: Quorum) -> QuestionVerified:
    return QuestionVerified(
        verified_id=query.id,
        position=query.position,
        text=query.text,
        outcome=finding.outcome,
        method=finding.method,
        votes=finding.votes,
        dissent=finding.dissent,
        teachers=quorum.teachers,
        agreement=agreement_in_words(finding.votes, quorum.teachers),
        confidence=finding.confidence,
        answer=finding.answer,
    )


def _finished(
    library: Library, verification_id: int, state: VerificationState, pairs: tuple[int, ...], budget: Budget
) -> VerificationFinished:
    outcomes = verified.count_outcomes(library, verification_id)
    used = usage_of_verification(library, verification_id)
    return VerificationFinished(
        verification_id=verification_id,
        state=state,
        agreed=outcomes[Outcome.AGREED],
        disagreed=outcomes[Outcome.DISAGREED],
        too_few=outcomes[Outcome.TOO_FEW],
        waiting=outcomes[Outcome.WAITING],
        pairs=pairs,
        calls=used.calls,
        lost_calls=used.lost,
        failed_calls=used.failed,
        prompt_tokens=used.prompt_tokens,
        completion_tokens=used.completion_tokens,
        estimated=used.estimated,
        cost_usd=used.cost_usd,
        unpriced_calls=used.unpriced,
        elapsed_s=budget.elapsed_s,
    )


def _spent(library: Library, verification_id: int) -> Spending:
    used = usage_of_verification(library, verification_id)
    return Spending(used.prompt_tokens + used.completion_tokens, used.cost_usd or 0.0)


def _alike(verification: Verification, endpoints: Mapping[str, Endpoint]) -> Iterator[Warned]:
    """A warning for teachers that are the same model at the same address."""
    groups: dict[tuple[str, str | None], list[str]] = {}
    for name in verification.teachers:
        groups.setdefault((endpoints[name].url, endpoints[name].model), []).append(name)
    for names in groups.values():
        if len(names) > 1:
            yield Warned(
                f"{' and '.join(names)} are the same model at the same address: they err together, so what a quorum "
                "stands counts them as one."
            )
