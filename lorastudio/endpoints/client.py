"""A client of chat servers, in either protocol, that expects them to misbehave."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Endpoint, Sampling
from lorastudio.domain.errors import EndpointError
from lorastudio.domain.messages import Message
from lorastudio.endpoints.answers import AnswerBuilder, ChatAnswer, Delta, StreamItem
from lorastudio.endpoints.asking import with_retries
from lorastudio.endpoints.context_length import told_context_length
from lorastudio.endpoints.dialect import dialect_of
from lorastudio.endpoints.retry import RetryPolicy
from lorastudio.endpoints.server import Server
from lorastudio.endpoints.sse import payloads
from lorastudio.endpoints.usage import estimate_tokens

# Fields a request can do without; a server that names one in a refusal is asked again without it.
OPTIONAL_FIELDS = ("stream_options", "seed", "top_p", "temperature", "stream")
_REFUSING_WORDS = re.compile(
    r"support|unknown|unrecogni|unexpected|extra|permit|allow|invalid|can't|cannot|deprecat", re.IGNORECASE
)


class ChatClient:
    """One server in one role. Safe to use from several threads; never shows its key.

    Failures are EndpointError in plain words with what the server said; what may pass (408, 409, 425, 429,
    5xx, dropped and silent connections) is tried again as `policy` says. Cancelling raises Cancelled within
    about 0.1 s, also while waiting.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        key: str | None = None,
        *,
        base_url: str | None = None,
        policy: RetryPolicy | None = None,
        refused: Iterable[str] = (),
    ) -> None:
        """`base_url` stands in for the endpoint's own address when the program started the server itself;
        `refused` are fields that an earlier test saw refused."""
        self.endpoint = endpoint
        self._dialect = dialect_of(endpoint.protocol)
        self._server = Server(endpoint, key or None, base_url)
        self._policy = policy or RetryPolicy()
        self._lock = threading.Lock()
        self._refused = frozenset(refused)

    def __repr__(self) -> str:
        return f"ChatClient({self.endpoint.name!r}, {self.base_url!r})"

    @property
    def base_url(self) -> str:
        return self._server.base_url

    @property
    def refused_fields(self) -> frozenset[str]:
        """Request fields this server has refused so far; they are left out."""
        return self._refused

    def stream(
        self,
        messages: Sequence[Message],
        sampling: Sampling | None = None,
        response_format: Mapping[str, Any] | None = None,
        cancel: CancelToken | None = None,
    ) -> Iterator[StreamItem]:
        """Deltas as they come, then the whole ChatAnswer as last item.

        A `Retrying` between them voids the deltas before it. The answer, not the sum of the deltas, is
        what the server said: it is trimmed, and reasoning is told apart with the whole text at hand. Where
        `sampling` leaves something open, the endpoint's own sampling counts.
        """
        body = self._body(messages, sampling, response_format) | self._dialect.streamed()
        return self._ask(messages, body, cancel or CancelToken())

    def complete(
        self,
        messages: Sequence[Message],
        sampling: Sampling | None = None,
        response_format: Mapping[str, Any] | None = None,
        cancel: CancelToken | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> ChatAnswer:
        """The whole answer in one piece; `extra` fields are added to the request."""
        body = self._body(messages, sampling, response_format) | dict(extra or {})
        return final_answer(self._ask(messages, body, cancel or CancelToken()))

    def models(self, cancel: CancelToken | None = None) -> tuple[str, ...]:
        """Names of the models that the server lists. One try: this is what tests whether a server is there."""
        return tuple(model.name for model in self._server.models(cancel or CancelToken()))

    def model(self, cancel: CancelToken | None = None) -> str:
        """The model asked for: the endpoint's own, else the first that the server lists."""
        return self._server.model(cancel or CancelToken())

    def context_length(self, cancel: CancelToken | None = None) -> int | None:
        """Tokens that prompt and answer may have together, as the server tells; None when it does not tell."""
        cancel = cancel or CancelToken()
        return told_context_length(self._server, self.model(cancel), cancel)

    def _body(
        self, messages: Sequence[Message], sampling: Sampling | None, response_format: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        chosen = (sampling or Sampling()).over(self.endpoint.sampling)
        return self._dialect.request(tuple(messages), self._fitting(messages, chosen), response_format)

    def _fitting(self, messages: Sequence[Message], sampling: Sampling) -> Sampling:
        """The sampling with no more tokens than the context has room for, as far as both are known."""
        if sampling.max_tokens is None or self.endpoint.context_length is None:
            return sampling
        room = self.endpoint.context_length - sum(estimate_tokens(message.content) for message in messages)
        # An estimate may be far off: when it says that nothing fits, the server decides.
        return sampling if room < 1 else replace(sampling, max_tokens=min(sampling.max_tokens, room))

    def _ask(self, messages: Sequence[Message], body: dict[str, Any], cancel: CancelToken) -> Iterator[StreamItem]:
        return with_retries(lambda: self._understood(messages, body, cancel), self._policy, cancel)

    def _understood(
        self, messages: Sequence[Message], body: dict[str, Any], cancel: CancelToken
    ) -> Iterator[Delta | ChatAnswer]:
        """One answer, asked for without the fields that the server refuses."""
        while True:
            fitting = self._without_refused(body)
            try:
                yield from self._once(messages, fitting, cancel)
                return
            except EndpointError as error:
                if not self._learn(fitting, error):
                    raise

    def _once(
        self, messages: Sequence[Message], body: dict[str, Any], cancel: CancelToken
    ) -> Iterator[Delta | ChatAnswer]:
        started = time.monotonic()
        first_token_s: float | None = None
        builder = self._dialect.builder(self._server.name, self._server.key)
        request = {"model": self.model(cancel), **body}
        with self._server.exchange("POST", self._dialect.path, request, cancel) as chunks:
            for record in self._records(chunks, builder):
                delta = builder.take(record)
                if delta is not None:
                    if first_token_s is None:
                        first_token_s = time.monotonic() - started
                    yield delta
                cancel.check()
        yield builder.finish(messages, time.monotonic() - started, first_token_s)

    def _records(self, chunks: Iterable[bytes], builder: AnswerBuilder) -> Iterator[Any]:
        """The records of a response: a stream of them, or one whole from a server that ignores `stream`."""
        source = iter(chunks)
        head = b""
        while not head.strip() and (chunk := next(source, None)) is not None:
            head += chunk
        if head.lstrip()[:1] in (b"{", b"[", b"<", b""):
            yield self._server.parse((head + b"".join(source)).decode("utf-8", "replace"))
            return
        for payload in payloads(_chain(head, source)):
            if payload.strip() == "[DONE]":
                return
            yield self._server.parse(payload)
        if not builder.finish_reason:
            raise EndpointError(f"{self._server.name} dropped the connection in mid-answer.", retryable=True)

    def _without_refused(self, body: dict[str, Any]) -> dict[str, Any]:
        fitting = {name: value for name, value in body.items() if name not in self._refused}
        if "max_tokens" in self._refused and "max_tokens" in body:
            fitting["max_completion_tokens"] = body["max_tokens"]
        return fitting

    def _learn(self, body: dict[str, Any], error: EndpointError) -> bool:
        """Remember a field that the server names in its refusal; whether there was one."""
        if error.status not in (400, 422) or not _REFUSING_WORDS.search(error.message):
            return False
        refused = next((name for name in OPTIONAL_FIELDS if name in body and _names(error.message, name)), None)
        if refused is None and "max_tokens" in body and "max_completion_tokens" in error.message:
            refused = "max_tokens"
        if refused is None:
            return False
        with self._lock:
            self._refused |= {refused}
        return True


def final_answer(items: Iterable[StreamItem]) -> ChatAnswer:
    """The answer at the end of a stream."""
    for item in items:
        if isinstance(item, ChatAnswer):
            return item
    raise EndpointError("The server gave no answer.", retryable=True)


def _names(words: str, field: str) -> bool:
    return re.search(rf"(?<![\w]){re.escape(field)}(?![\w])", words) is not None


def _chain(head: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest
