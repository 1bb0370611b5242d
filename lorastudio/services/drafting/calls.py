"""Calls to servers, journalled: written down before they leave and when their answer is whole.

A call is known by what it asks (cycle, question, iteration, purpose, index). One that was answered whole is
never asked again: after a restart its answer comes out of the journal. What attempts cost that came to nothing
is estimated from what had arrived of them, and counted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.draft import Call, CallPurpose, Question
from lorastudio.domain.drafting_events import CallRetried
from lorastudio.domain.endpoint import Endpoint, Sampling, Usage, cost_of
from lorastudio.domain.errors import EndpointError, KnownError
from lorastudio.domain.events import Event, as_json
from lorastudio.domain.messages import Conversation, as_records
from lorastudio.endpoints.answers import ChatAnswer, Delta
from lorastudio.endpoints.client import ChatClient
from lorastudio.endpoints.usage import CHARACTERS_PER_TOKEN, estimate_tokens
from lorastudio.services.drafting.budget import Budget, Spending
from lorastudio.services.drafting.servers import Servers
from lorastudio.store.calls import find_answer, record_answer, record_failure, record_sent
from lorastudio.store.library import Library

Emit = Callable[[Event], None]

_SLICE_S = 0.1
# No text has more tokens than half of its bytes, but for tables of rare signs.
BYTES_PER_TOKEN_AT_LEAST = 2


class Inquiry(Protocol):
    """What the journal needs of a call: where it goes, what it says, what it is known by, and whose it is."""

    @property
    def key(self) -> str: ...
    @property
    def question_id(self) -> int | None: ...
    @property
    def verification_id(self) -> int | None: ...
    @property
    def iteration(self) -> int: ...
    @property
    def purpose(self) -> CallPurpose: ...
    @property
    def endpoint(self) -> str: ...
    @property
    def messages(self) -> Conversation: ...
    @property
    def sampling(self) -> Sampling: ...
    @property
    def response_format(self) -> Mapping[str, Any] | None: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """One call: what it is for, and what it says. `index` tells calls of one purpose apart. The question's id is 0
    when it is none of the library's."""

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

    @property
    def question_id(self) -> int | None:
        return self.question.id or None

    @property
    def verification_id(self) -> int | None:
        """A question's call is none of a verification."""
        return None


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

    def ask(self, asked: Inquiry, listener: Listener | None = None) -> Call:
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
            with self._budget.promised(most_spent(asked, client.endpoint), self._cancel):
                call = self._send(asked, client, listener)
                waste = _Waste(asked)
                try:
                    answer = self._receive(asked, client, listener, waste)
                except KnownError as error:
                    waste.attempt_failed(client.endpoint.idle_timeout_s)
                    self._keep_failure(call, str(error), waste.usage, client.endpoint, listener)
                    raise
                return self._keep(call, answer, waste.usage, client.endpoint, listener)

    def _send(self, asked: Inquiry, client: ChatClient, listener: Listener) -> Call:
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
                question_id=asked.question_id,
                verification_id=asked.verification_id,
                iteration=asked.iteration,
                purpose=asked.purpose,
                endpoint=asked.endpoint,
                request=request,
            )
            listener.sent(call)
        return call

    def _receive(self, asked: Inquiry, client: ChatClient, listener: Listener, waste: _Waste) -> ChatAnswer:
        for item in client.stream(asked.messages, asked.sampling, asked.response_format, self._cancel):
            if isinstance(item, ChatAnswer):
                return item
            if isinstance(item, Delta):
                waste.arrived += len(item.text) + len(item.reasoning)
                listener.grew(item.text)
                continue
            waste.attempt_failed(client.endpoint.idle_timeout_s, item.wait_s)
            listener.restarted()
            self._emit(
                CallRetried(
                    question_id=asked.question_id,
                    iteration=asked.iteration,
                    purpose=asked.purpose,
                    endpoint=asked.endpoint,
                    attempt=item.attempt,
                    wait_s=item.wait_s,
                    reason=item.reason,
                )
            )
        raise EndpointError(f"The server {asked.endpoint!r} gave no answer.")

    def _keep(self, call: Call, answer: ChatAnswer, wasted: Usage, endpoint: Endpoint, listener: Listener) -> Call:
        usage = _sum(answer.usage, wasted)
        cost_usd = cost_of(usage, endpoint.prompt_price, endpoint.completion_price)
        with self._library.transaction():
            answered = record_answer(
                self._library,
                call.id,
                answer=answer.text,
                reasoning=answer.reasoning,
                finish_reason=answer.finish_reason,
                usage=usage,
                elapsed_s=answer.elapsed_s,
                cost_usd=cost_usd,
            )
            listener.answered(answer)
        self._budget.spend(_spent(usage, endpoint))
        return answered

    def _keep_failure(self, call: Call, words: str, wasted: Usage, endpoint: Endpoint, listener: Listener) -> None:
        cost_usd = cost_of(wasted, endpoint.prompt_price, endpoint.completion_price)
        with self._library.transaction():
            record_failure(self._library, call.id, words, usage=wasted, cost_usd=cost_usd)
            listener.failed()
        self._budget.spend(_spent(wasted, endpoint))


class _Waste:
    """What attempts of one call cost that came to nothing: their prompt and what had arrived, where anything had
    or the server had been silent for so long that it may well have worked. A refusal costs nothing."""

    def __init__(self, asked: Inquiry) -> None:
        self.arrived = 0
        self.usage = Usage(0, 0)
        self._prompt_tokens = estimate_tokens("".join(message.content for message in asked.messages))
        self._began = time.monotonic()

    def attempt_failed(self, idle_timeout_s: float, wait_s: float = 0.0) -> None:
        """An attempt ended without an answer; the next one, if any, begins after `wait_s`."""
        if self.arrived or time.monotonic() - self._began >= idle_timeout_s:
            written = -(-self.arrived // CHARACTERS_PER_TOKEN)
            self.usage = _sum(self.usage, Usage(self._prompt_tokens, written, estimated=True))
        self.arrived = 0
        self._began = time.monotonic() + wait_s


def most_spent(asked: Inquiry, endpoint: Endpoint) -> Spending:
    """What a call can cost at most, when it goes through at once and its server keeps to the limit of tokens."""
    size_bytes = sum(len(message.content.encode("utf-8", "surrogatepass")) for message in asked.messages)
    prompt = size_bytes // BYTES_PER_TOKEN_AT_LEAST + 1
    return _spent(Usage(prompt, asked.sampling.max_tokens or 0), endpoint)


def _spent(usage: Usage, endpoint: Endpoint) -> Spending:
    cost_usd = cost_of(usage, endpoint.prompt_price, endpoint.completion_price)
    return Spending(usage.prompt_tokens + usage.completion_tokens, cost_usd or 0.0)


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        one.prompt_tokens + other.prompt_tokens,
        one.completion_tokens + other.completion_tokens,
        one.estimated or other.estimated,
    )
