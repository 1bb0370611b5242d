"""A client of OpenAI-compatible embedding servers (https://platform.openai.com/docs/api-reference/embeddings)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Endpoint
from lorastudio.domain.errors import EndpointError
from lorastudio.endpoints.asking import Retrying, with_retries
from lorastudio.endpoints.retry import RetryPolicy
from lorastudio.endpoints.server import Server

Vectors = list[list[float]]

BATCH_TEXTS = 32
BATCH_CHARACTERS = 60_000
# What servers answer to a batch that is too large for them, or to one text in it that is.
_TOO_MUCH = (400, 413, 422)


class EmbeddingsClient:
    """One server of embeddings. Safe to use from several threads; failures as those of `ChatClient`."""

    def __init__(
        self,
        endpoint: Endpoint,
        key: str | None = None,
        *,
        base_url: str | None = None,
        policy: RetryPolicy | None = None,
    ) -> None:
        """`base_url` stands in for the endpoint's own address."""
        self.endpoint = endpoint
        self._server = Server(endpoint, key or None, base_url)
        self._policy = policy or RetryPolicy()

    def __repr__(self) -> str:
        return f"EmbeddingsClient({self.endpoint.name!r}, {self._server.base_url!r})"

    def model(self, cancel: CancelToken | None = None) -> str:
        """The model asked for: the endpoint's own, else the first that the server lists."""
        return self._server.model(cancel or CancelToken())

    def embed(self, texts: Sequence[str], cancel: CancelToken | None = None) -> Vectors:
        """One vector for each text, in their order, all of one dimension; the endpoint's prefix goes before each.

        Texts travel in batches, as many at once as the endpoint takes. A batch that the server refuses as too
        much is halved, down to the single text. EndpointError when it fails, or answers with something else than
        finite numbers of one dimension.
        """
        token = cancel or CancelToken()
        model = self.model(token)
        with ThreadPoolExecutor(self.endpoint.concurrency, thread_name_prefix="embeddings") as pool:
            found = pool.map(partial(self._batch, model, cancel=token), _batches(texts))
            vectors = [vector for batch in found for vector in batch]
        if len({len(vector) for vector in vectors}) > 1:
            raise EndpointError(f"{self._server.name} gave vectors of different lengths, which can't be compared.")
        return vectors

    def _batch(self, model: str, texts: Sequence[str], cancel: CancelToken) -> Vectors:
        try:
            return self._asked(model, texts, cancel)
        except EndpointError as error:
            if error.status not in _TOO_MUCH or len(texts) == 1:
                raise
        middle = len(texts) // 2
        return [*self._batch(model, texts[:middle], cancel), *self._batch(model, texts[middle:], cancel)]

    def _asked(self, model: str, texts: Sequence[str], cancel: CancelToken) -> Vectors:
        # An empty text is refused by some servers; a blank means as little.
        body = {"model": model, "input": [f"{self.endpoint.prefix}{text}" or " " for text in texts]}

        def once() -> Iterator[Vectors]:
            yield self._read(self._server.ask("POST", "/embeddings", body, cancel), len(texts))

        for item in with_retries(once, self._policy, cancel):
            if not isinstance(item, Retrying):
                return item
        raise EndpointError(f"{self._server.name} gave no vectors.")

    def _read(self, record: Any, count: int) -> Vectors:
        """The vectors in an answer, in the order of the texts."""
        rows = record.get("data") if isinstance(record, Mapping) else None
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise EndpointError(f"{self._server.name} answered with something that is no embeddings.")
        by_place = {row.get("index", place): row.get("embedding") for place, row in enumerate(rows)}
        vectors = [by_place.get(place) for place in range(count)]
        if len(rows) != count or None in vectors:
            raise EndpointError(f"{self._server.name} gave {len(rows)} vectors for {count} texts.")
        return [self._vector(vector) for vector in vectors]

    def _vector(self, value: Any) -> list[float]:
        numbers = value if isinstance(value, list) else []
        if numbers and isinstance(numbers[0], list):
            raise EndpointError(
                f"{self._server.name} gave a vector for each token instead of one for each text.",
                "Use a model made for embeddings, or start the server with pooling.",
            )
        vector = [_number(number) for number in numbers]
        if not any(vector) or not all(map(math.isfinite, vector)):
            raise EndpointError(
                f"{self._server.name} gave a vector that points nowhere.", "Is this a model for embeddings?"
            )
        return vector


def _number(value: Any) -> float:
    """A JSON number as float; what is none, or too large for one, is not a number."""
    try:
        return float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return math.nan


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts in order, at most BATCH_TEXTS and, but for a single longer one, BATCH_CHARACTERS together."""
    start, characters = 0, 0
    for place, text in enumerate(texts):
        if place > start and (place - start == BATCH_TEXTS or characters + len(text) > BATCH_CHARACTERS):
            yield texts[start:place]
            start, characters = place, 0
        characters += len(text)
    if start < len(texts):
        yield texts[start:]
