"""Structured answers by a ladder: JSON schema, JSON object, prompted JSON; then whatever can be read.

A server may ignore `response_format` without a word (mlx_lm.server, Ollama's MLX backend), so the prompt asks
for JSON on every rung and the answer is judged by its text alone; a refusal (400, 422, 501, or one that
names the field) leads one rung down.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Sampling
from lorastudio.domain.errors import EndpointError
from lorastudio.domain.messages import Conversation, Message
from lorastudio.endpoints.client import ChatClient, final_answer
from lorastudio.endpoints.json_answers import number_lines, objects
from lorastudio.endpoints.server import FORMAT_FIELD

T = TypeVar("T")

_REFUSED_STATUSES = (400, 422, 501)
_TRIES = 2


class Rung(StrEnum):
    """How the form of an answer is asked for, from strict to loose."""

    SCHEMA = "schema"
    OBJECT = "object"
    PROMPT = "prompt"


@dataclass(frozen=True, slots=True)
class Shape:
    """The JSON object wanted. `numbers` names the fields that may come as `name: number` lines instead;
    `wrap` makes the object from those lines."""

    name: str
    schema: Mapping[str, Any]
    numbers: tuple[str, ...] = ()
    wrap: Callable[[Mapping[str, float]], Mapping[str, Any]] = dict


class Ask(Protocol):
    """One call to a server, giving the text of its answer; `attempt` counts from 0 and tells repeated
    questions apart."""

    def __call__(self, messages: Conversation, response_format: Mapping[str, Any] | None, attempt: int) -> str: ...


class Ladder:
    """What one server has been found to understand. Safe to share between threads."""

    def __init__(self, first: Rung = Rung.SCHEMA) -> None:
        """`first` is where to begin: a probe may have shown that higher rungs are ignored."""
        self._lock = threading.Lock()
        self._rungs = list(Rung)[list(Rung).index(first) :]

    @property
    def rung(self) -> Rung:
        return self._rungs[0]

    def ask(self, ask: Ask, messages: Conversation, shape: Shape, read: Callable[[Mapping[str, Any]], T]) -> T | None:
        """The answer as `read` takes it from an object, or None when the server gave none that can be read.

        `read` raises ValueError saying what is wrong; then, or when there is no object, the question is put
        once more with those words. EndpointError passes through when even prompted JSON is refused.
        """
        texts: list[str] = []
        words = "it held no JSON object"
        for attempt in range(_TRIES):
            asked = messages if attempt == 0 else with_note(messages, words)
            texts.append(self._climb(ask, asked, shape, attempt))
            value, words = _first_readable(objects(texts[-1]), read, words)
            if value is not None:
                return value
        for text in reversed(texts):
            numbers = number_lines(text, shape.numbers)
            value, _ = _first_readable([shape.wrap(numbers)] if numbers else [], read, words)
            if value is not None:
                return value
        return None

    def _climb(self, ask: Ask, messages: Conversation, shape: Shape, attempt: int) -> str:
        while True:
            rung = self.rung
            try:
                return ask(messages, response_format(rung, shape), attempt)
            except EndpointError as error:
                if rung is Rung.PROMPT or not _refuses_format(error):
                    raise
                self._leave(rung)

    def _leave(self, rung: Rung) -> None:
        with self._lock:
            if self._rungs[0] is rung:
                del self._rungs[0]


def response_format(rung: Rung, shape: Shape) -> dict[str, Any] | None:
    """The request field of a rung."""
    if rung is Rung.SCHEMA:
        schema = {"name": shape.name, "strict": True, "schema": dict(shape.schema)}
        return {"type": "json_schema", "json_schema": schema}
    return {"type": "json_object"} if rung is Rung.OBJECT else None


def with_note(messages: Sequence[Message], words: str) -> Conversation:
    """The same question with a note at its end on why the last answer could not be used.

    The note goes into the last turn, not after it: small models lose a question two turns back.
    """
    *before, last = messages
    note = f"Your answer before could not be used: {words}. Answer with the JSON object alone."
    return (*before, Message(last.role, f"{last.content}\n\n{note}"))


def plain_ask(client: ChatClient, sampling: Sampling, cancel: CancelToken) -> Ask:
    """An `Ask` that goes straight to a server, with another seed for each attempt."""

    def ask(messages: Conversation, response_format: Mapping[str, Any] | None, attempt: int) -> str:
        seed = None if sampling.seed is None else sampling.seed + attempt
        varied = Sampling(sampling.temperature, sampling.top_p, sampling.max_tokens, seed)
        return final_answer(client.stream(messages, varied, response_format, cancel)).text

    return ask


def _refuses_format(error: EndpointError) -> bool:
    """Whether a refusal may be due to the form asked for: by its status, or because it names the field."""
    return error.status in _REFUSED_STATUSES or (error.status is not None and FORMAT_FIELD in error.message)


def _first_readable(candidates: Any, read: Callable[[Mapping[str, Any]], T], words: str) -> tuple[T | None, str]:
    """The first candidate that `read` accepts; else None and the words for the first refusal."""
    refusals: list[str] = []
    for candidate in candidates:
        try:
            return read(candidate), ""
        except ValueError as error:
            refusals.append(str(error))
    return None, refusals[0] if refusals else words
