"""A client of OpenAI-compatible chat servers that expects them to misbehave."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Endpoint, Sampling
from lorastudio.domain.errors import Cancelled, EndpointError
from lorastudio.domain.messages import Message, as_records
from lorastudio.endpoints.answers import AnswerBuilder, ChatAnswer, Retrying, StreamItem
from lorastudio.endpoints.exchange import Server
from lorastudio.endpoints.redaction import shown
from lorastudio.endpoints.retry import RetryPolicy
from lorastudio.endpoints.sse import payloads
from lorastudio.endpoints.urls import normalise_url

# Fields a request can do without; a server that names one in a refusal is asked again without it.
OPTIONAL_FIELDS = ("stream_options", "seed", "top_p", "temperature", "stream")
_REFUSING_WORDS = re.compile(r"support|unknown|unrecogni|unexpected|extra|permit|allow|invalid", re.IGNORECASE)


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
    ) -> None:
        """`base_url` stands in for the endpoint's own address when the program started the server itself."""
        self.endpoint = endpoint
        self._server = Server(endpoint, normalise_url(base_url or endpoint.url), key or None)
        self._policy = policy or RetryPolicy()
        self._lock = threading.Lock()
        self._model = endpoint.model
        self._refused: frozenset[str] = frozenset()

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
        what the server said: it is trimmed, and reasoning is told apart with the whole text at hand.
        """
        body = self._body(messages, sampling or Sampling(), response_format)
        body |= {"stream": True, "stream_options": {"include_usage": True}}
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
        body = self._body(messages, sampling or Sampling(), response_format) | dict(extra or {})
        return final_answer(self._ask(messages, body, cancel or CancelToken()))

    def models(self, cancel: CancelToken | None = None) -> tuple[str, ...]:
        """Names of the models that the server lists. One try: this is what tests whether a server is there."""
        with self._server.exchange("GET", "/models", None, cancel or CancelToken()) as chunks:
            record = self._parse(b"".join(chunks).decode("utf-8", "replace"))
        rows = record.get("data") or record.get("models") or [] if isinstance(record, dict) else record
        names = (_model_name(row) for row in rows) if isinstance(rows, list) else ()
        return tuple(name for name in names if name)

    def model(self, cancel: CancelToken | None = None) -> str:
        """The model asked for: the endpoint's own, else the first that the server lists."""
        with self._lock:
            if self._model is None:
                listed = self.models(cancel)
                if not listed:
                    raise EndpointError(f"{self._server.name} lists no model.", "Name the model of this endpoint.")
                self._model = listed[0]
            return self._model

    def _body(
        self, messages: Sequence[Message], sampling: Sampling, response_format: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        optional = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "seed": sampling.seed,
            "response_format": response_format,
        }
        fields = {name: value for name, value in optional.items() if value is not None}
        return {"messages": as_records(messages), **fields}

    def _ask(self, messages: Sequence[Message], body: dict[str, Any], cancel: CancelToken) -> Iterator[StreamItem]:
        attempt = 1
        while True:
            fitting = self._without_refused(body)
            try:
                yield from self._once(messages, fitting, cancel)
                return
            except EndpointError as error:
                if self._learn(fitting, error):
                    continue
                if not error.retryable or attempt >= self._policy.attempts:
                    raise
                wait_s = self._policy.wait_s(attempt, error.retry_after_s)
                reason = error.message
            yield Retrying(attempt, wait_s, reason)
            if cancel.wait(wait_s):
                raise Cancelled
            attempt += 1

    def _once(self, messages: Sequence[Message], body: dict[str, Any], cancel: CancelToken) -> Iterator[StreamItem]:
        started = time.monotonic()
        first_token_s: float | None = None
        builder = AnswerBuilder(self._server.name, self._server.key)
        request = {"model": self.model(cancel), **body}
        with self._server.exchange("POST", "/chat/completions", request, cancel) as chunks:
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
            yield self._parse((head + b"".join(source)).decode("utf-8", "replace"))
            return
        for payload in payloads(_chain(head, source)):
            if payload.strip() == "[DONE]":
                return
            yield self._parse(payload)
        if not builder.finish_reason:
            raise EndpointError(f"{self._server.name} dropped the connection in mid-answer.", retryable=True)

    def _parse(self, text: str) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            page = text.lstrip()[:1] == "<"
            what = "a web page" if page else f"no JSON but {shown(text, self._server.key)!r}"
            raise EndpointError(
                f"{self._server.name} answered with {what}.",
                "Check the address: it should be that of an OpenAI-compatible server." if page else "",
                retryable=not page,
            ) from None

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


def _model_name(row: Any) -> str:
    if isinstance(row, str):
        return row
    named = (row.get(field) for field in ("id", "name", "model")) if isinstance(row, Mapping) else ()
    return next((name for name in named if isinstance(name, str)), "")


def _names(words: str, field: str) -> bool:
    return re.search(rf"(?<![\w]){re.escape(field)}(?![\w])", words) is not None


def _chain(head: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest
