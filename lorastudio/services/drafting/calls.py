"""Calls to servers, journalled: written down before they leave and when their answer is whole.

A call is known by what it asks (cycle, question, iteration, purpose, index). One that was answered whole is
never asked again: after a restart its answer comes out of the journal.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.draft import Call, CallPurpose, Question
from lorastudio.domain.drafting_events import CallRetried
from lorastudio.domain.endpoint import Sampling
from lorastudio.domain.errors import EndpointError, KnownError
from lorastudio.domain.events import Event, as_json
from lorastudio.domain.messages import Conversation, as_records
from lorastudio.endpoints.answers import ChatAnswer, Delta
from lorastudio.endpoints.client import ChatClient
from lorastudio.services.drafting.budget import Budget
from lorastudio.services.drafting.servers import Servers
from lorastudio.store.calls import find_answer, record_answer, record_failure, record_sent
from lorastudio.store.library import Library

Emit = Callable[[Event], None]

_SLICE_S = 0.1


@dataclass(frozen=True, slots=True)
class Asked:
    """One call: what it is for, and what it says. `index` tells calls of one purpose apart."""

    question: Question
    iteration: int
    purpose: CallPurpose
    index: str
    endpoint: str
    messages: Conversation
    sampling: Sampling
    response_format: Mapping[str, Any] | None = None

    @property
    def key(self) -> str:
        question = self.question
        return f"{question.cycle_id}/{question.position}/{self.iteration}/{self.purpose.value}/{self.index}"


class Listener:
    """What else must happen along one call; this one does nothing.

    `sent`, `answered` and `failed` run inside the transaction that writes the same down in the journal.
    """

    def sent(self, call: Call) -> None:
        """The call is about to leave."""

    def grew(self, text: str) -> None:
        """More of the answer arrived."""

    def restarted(self) -> None:
        """The server is asked again; what arrived so far is void."""

    def answered(self, answer: ChatAnswer) -> None:
        """The answer is whole."""

    def failed(self) -> None:
        """There will be no answer: an error after all retries, or somebody stopped the work."""


class Slots:
    """How many calls each endpoint takes at once."""

    def __init__(self, concurrency: Mapping[str, int]) -> None:
        self._free = {name: threading.BoundedSemaphore(max(1, count)) for name, count in concurrency.items()}

    @contextmanager
    def taken(self, endpoint: str, cancel: CancelToken) -> Iterator[None]:
        """Hold one of an endpoint's slots; waits for one, raises Cancelled while waiting."""
        free = self._free[endpoint]
        while not free.acquire(timeout=_SLICE_S):
            cancel.check()
        try:
            cancel.check()
            yield
        finally:
            free.release()


class Journal:
    """Asks servers and keeps what they answer. Safe to use from several threads."""

    def __init__(
        self, library: Library, servers: Servers, slots: Slots, budget: Budget, emit: Emit, cancel: CancelToken
    ) -> None:
        self._library = library
        self._servers = servers
        self._slots = slots
        self._budget = budget
        self._emit = emit
        self._cancel = cancel

    def is_answered(self, asked: Asked) -> bool:
        """Whether this call needs no server any more."""
        return find_answer(self._library, asked.key) is not None

    def ask(self, asked: Asked, listener: Listener | None = None) -> Call:
        """The answered call, from the journal or from its server.

        Raises KnownError when the server can't be had or fails after all retries, and Cancelled; the journal
        then holds the call as failed.
        """
        found = find_answer(self._library, asked.key)
        if found is not None:
            return found
        listener = listener or Listener()
        with self._slots.taken(asked.endpoint, self._cancel):
            client = self._servers.client(asked.endpoint)
            call = self._send(asked, client, listener)
            try:
                answer = self._receive(asked, client, listener)
            except KnownError as error:
                with self._library.transaction():
                    record_failure(self._library, call.id, str(error))
                    listener.failed()
                raise
        return self._keep(call, answer, listener)

    def _send(self, asked: Asked, client: ChatClient, listener: Listener) -> Call:
        request = {
            "model": client.endpoint.model,
            "messages": as_records(asked.messages),
            "sampling": as_json(asked.sampling),
            "response_format": as_json(asked.response_format),
        }
        with self._library.transaction():
            call = record_sent(
                self._library,
                key=asked.key,
                question_id=asked.question.id,
                iteration=asked.iteration,
                purpose=asked.purpose,
                endpoint=asked.endpoint,
                request=request,
            )
            listener.sent(call)
        return call

    def _receive(self, asked: Asked, client: ChatClient, listener: Listener) -> ChatAnswer:
        for item in client.stream(asked.messages, asked.sampling, asked.response_format, self._cancel):
            if isinstance(item, ChatAnswer):
                return item
            if isinstance(item, Delta):
                listener.grew(item.text)
                continue
            listener.restarted()
            self._emit(
                CallRetried(
                    question_id=asked.question.id,
                    iteration=asked.iteration,
                    purpose=asked.purpose,
                    endpoint=asked.endpoint,
                    attempt=item.attempt,
                    wait_s=item.wait_s,
                    reason=item.reason,
                )
            )
        raise EndpointError(f"The server {asked.endpoint!r} gave no answer.")

    def _keep(self, call: Call, answer: ChatAnswer, listener: Listener) -> Call:
        with self._library.transaction():
            answered = record_answer(
                self._library,
                call.id,
                answer=answer.text,
                reasoning=answer.reasoning,
                finish_reason=answer.finish_reason,
                usage=answer.usage,
                elapsed_s=answer.elapsed_s,
            )
            listener.answered(answer)
        self._budget.spend(answered.prompt_tokens + answered.completion_tokens)
        return answered
