"""Vectors of pairs, by the embedder that a person added; without one, MinHash has to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lorastudio.datasets.groups import question_of
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.embedding import Vector
from lorastudio.domain.endpoint import Role
from lorastudio.domain.errors import EndpointError
from lorastudio.domain.events import Event
from lorastudio.domain.pair import NewPair
from lorastudio.endpoints.embeddings import EmbeddingsClient
from lorastudio.services.embedding import embed_texts, embeddings_of
from lorastudio.services.servers import LocalServers
from lorastudio.store.endpoints import list_endpoints
from lorastudio.store.library import Library

NO_EMBEDDER = (
    "No embedder is set up, so texts were compared by their words alone: what is said again in other words is not"
    " found. Add one with `lorastudio endpoint add NAME --role embedder --url URL`."
)


def find_embedder(library: Library, servers: LocalServers) -> EmbeddingsClient | None:
    """The embedder that was added last; None without any."""
    added = list_endpoints(library, Role.EMBEDDER)
    return servers.embedder(added[-1].name) if added else None


def embedded_text(pair: NewPair, answer: str | None) -> str:
    """What of a pair is embedded: what it asks, with one of its answers."""
    return f"{question_of(pair.prompt)}\n{answer or ''}"


class PairVectors:
    """Vectors of texts, computed where the library has none yet; all of one model and prefix."""

    def __init__(self, library: Library, client: EmbeddingsClient, cancel: CancelToken) -> None:
        self._library = library
        self._client = client
        self._cancel = cancel

    @property
    def model(self) -> str:
        return self._client.model(self._cancel)

    def compute(self, texts: Sequence[str]) -> Iterator[Event]:
        """Ask for what is missing; what was answered is kept whatever happens."""
        return embed_texts(self._library, self._client, texts, self._cancel)

    def vectors(self, texts: Sequence[str]) -> list[Vector]:
        """The vectors of texts that were computed, in their order."""
        found = embeddings_of(self._library, self._client, texts, self._cancel)
        if any(text not in found for text in texts):
            raise EndpointError("Some texts have no embedding.", "Look again.")
        return [found[text] for text in texts]
