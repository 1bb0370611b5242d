"""What a server can do, found out by asking it and looking at the answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.clock import now
from lorastudio.domain.endpoint import Endpoint, Role, Sampling
from lorastudio.domain.errors import EndpointError
from lorastudio.domain.events import as_json
from lorastudio.domain.messages import user
from lorastudio.endpoints.answers import ChatAnswer, Delta
from lorastudio.endpoints.client import ChatClient
from lorastudio.endpoints.embeddings import EmbeddingsClient
from lorastudio.endpoints.json_answers import objects
from lorastudio.endpoints.structured import Rung, Shape, response_format

_SPEED_TOKENS = 32
_EMBEDDED = "Copper was annealed at 650 K."
# What comes in less time was sent at once: it tells the speed of the network, not of the model.
_LEAST_SPAN_S = 0.02
# Reasoning models may think before the object.
_OBJECT_TOKENS = 256
# A schema nobody would follow by chance: the prompt says nothing of it.
NONSENSE = Shape(
    "probe",
    {
        "type": "object",
        "properties": {"zq_kumquat": {"type": "string", "enum": ["ovf-417"]}},
        "required": ["zq_kumquat"],
        "additionalProperties": False,
    },
)


@dataclass(frozen=True, slots=True)
class Probe:
    """What a server was found to do at `probed_at`; `error` holds its own words when it did not answer.

    `streaming`: the answer came in pieces. `rung`: the strictest form of structured answers that it obeys.
    `tokens_per_s` counts from the first token on; None when the answer was too short to tell.
    `usage_in_streams`: a stream ends with figures that can be true. `dimension` is that of its embeddings;
    `context_length` in tokens, None where the server does not tell it.
    """

    probed_at: str
    models: tuple[str, ...] = ()
    model: str = ""
    first_token_s: float | None = None
    tokens_per_s: float | None = None
    tokens_estimated: bool = False
    streaming: bool = False
    logprobs: bool = False
    rung: Rung = Rung.PROMPT
    refused_fields: tuple[str, ...] = ()
    usage_in_streams: bool = False
    embeddings: bool = False
    dimension: int | None = None
    context_length: int | None = None
    error: str = ""

    @property
    def works(self) -> bool:
        return not self.error

    def in_words(self) -> str:
        """What a server that works can do, as one sentence."""
        said = [f"model {self.model}"]
        if self.first_token_s is not None:
            said.append(f"{self.first_token_s:.2f} s to the first token")
            if self.tokens_per_s is not None:
                said.append(f"{'about ' if self.tokens_estimated else ''}{self.tokens_per_s:.1f} tokens/s")
            said.append("streams" if self.streaming else "sent its answer at once")
            said.append(f"structured answers by {self.rung.value}")
            said.append("log-probs" if self.logprobs else "no log-probs")
            said.append("usage in streams" if self.usage_in_streams else "no usage in streams")
        said.append(f"embeddings of {self.dimension} numbers" if self.embeddings else "no embeddings")
        told = self.context_length is not None
        said.append(f"a context of {self.context_length} tokens" if told else "does not tell its context")
        return f"{', '.join(said)}."

    def as_record(self) -> dict[str, Any]:
        """The probe as JSON, as the library keeps it."""
        record: dict[str, Any] = as_json(self)
        return record


def probe(client: ChatClient, embedder: EmbeddingsClient, cancel: CancelToken | None = None) -> Probe:
    """Test a server, as both clients reach it, in a few small calls; an embedder's is asked for embeddings alone.

    Raises Cancelled; every other failure is in the result.
    """
    cancel = cancel or CancelToken()
    if client.endpoint.role is Role.EMBEDDER:
        return _probe_embedder(client, embedder, cancel)
    probed_at = now()
    try:
        models = _models(client, cancel)
        answer, deltas = _speak(client, cancel)
        dimension = _dimension(embedder, cancel)
        return Probe(
            probed_at=probed_at,
            models=models,
            model=client.model(cancel),
            usage_in_streams=not answer.usage.estimated,
            embeddings=dimension is not None,
            dimension=dimension,
            context_length=client.context_length(cancel),
            first_token_s=answer.first_token_s,
            tokens_per_s=_rate(answer),
            tokens_estimated=answer.usage.estimated,
            streaming=deltas > 1,
            logprobs=_gives_logprobs(client, cancel),
            rung=_strictest_rung(client, cancel),
            refused_fields=tuple(sorted(client.refused_fields)),
        )
    except EndpointError as error:
        return Probe(probed_at=probed_at, error=str(error))


def _probe_embedder(client: ChatClient, embedder: EmbeddingsClient, cancel: CancelToken) -> Probe:
    probed_at = now()
    try:
        models = _models(client, cancel)
        (vector,) = embedder.embed([_EMBEDDED], cancel)
        return Probe(
            probed_at=probed_at,
            models=models,
            model=embedder.model(cancel),
            embeddings=True,
            dimension=len(vector),
            context_length=client.context_length(cancel),
        )
    except EndpointError as error:
        return Probe(probed_at=probed_at, error=str(error))


def refused_fields(record: dict[str, Any] | None) -> tuple[str, ...]:
    """The request fields that a server with this saved probe refuses."""
    return tuple(name for name in (record or {}).get("refused_fields") or () if isinstance(name, str))


def with_told_context(endpoint: Endpoint, record: dict[str, Any] | None) -> Endpoint:
    """The endpoint with the context that its saved probe found, where the user gave none."""
    told = (record or {}).get("context_length")
    known = endpoint.context_length is not None or not isinstance(told, int)
    return endpoint if known else replace(endpoint, context_length=told)


def rung_of(record: dict[str, Any] | None) -> Rung:
    """Where the ladder begins for a server with this saved probe; at the top when there is none."""
    known = (record or {}).get("rung")
    return Rung(known) if known in list(Rung) else Rung.SCHEMA


def _models(client: ChatClient, cancel: CancelToken) -> tuple[str, ...]:
    """The listed models; a server that lists none is fine when the endpoint names its model."""
    try:
        return client.models(cancel)
    except EndpointError as error:
        if error.status is None or client.endpoint.model is None:
            raise
        return ()


def _dimension(embedder: EmbeddingsClient, cancel: CancelToken) -> int | None:
    """The dimension of the server's embeddings; None when it gives none."""
    try:
        (vector,) = embedder.embed([_EMBEDDED], cancel)
    except EndpointError:
        return None
    return len(vector)


def _speak(client: ChatClient, cancel: CancelToken) -> tuple[ChatAnswer, int]:
    """A short streamed answer, and in how many pieces it came."""
    sampling = Sampling(temperature=0.0, max_tokens=_SPEED_TOKENS, seed=0)
    pieces = 0
    for item in client.stream(user("Count from one to twenty in words."), sampling, cancel=cancel):
        if isinstance(item, ChatAnswer):
            return item, pieces
        pieces = pieces + 1 if isinstance(item, Delta) else 0
    raise EndpointError("The server gave no answer.")


def _rate(answer: ChatAnswer) -> float | None:
    if answer.first_token_s is None or answer.usage.completion_tokens < 2:
        return None
    span_s = answer.elapsed_s - answer.first_token_s
    return None if span_s < _LEAST_SPAN_S else (answer.usage.completion_tokens - 1) / span_s


def _gives_logprobs(client: ChatClient, cancel: CancelToken) -> bool:
    sampling = Sampling(temperature=0.0, max_tokens=1, seed=0)
    try:
        return client.complete(user("Hi"), sampling, cancel=cancel, extra={"logprobs": True}).has_logprobs
    except EndpointError:
        return False


def _strictest_rung(client: ChatClient, cancel: CancelToken) -> Rung:
    sampling = Sampling(temperature=0.0, max_tokens=_OBJECT_TOKENS, seed=0)
    for rung in (Rung.SCHEMA, Rung.OBJECT):
        try:
            asked = user("Say hello. Answer in JSON." if rung is Rung.OBJECT else "Say hello.")
            text = client.complete(asked, sampling, response_format(rung, NONSENSE), cancel).text
        except EndpointError:
            continue
        found = next(objects(text), None) if text.lstrip().startswith("{") else None
        if found is not None and (rung is Rung.OBJECT or found.get("zq_kumquat") == "ovf-417"):
            return rung
    return Rung.PROMPT
