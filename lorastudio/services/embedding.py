"""Embeddings of texts, computed once and kept in the library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.embedding import EmbeddingSpace, Vector, as_vector, content_hash
from lorastudio.domain.events import Event, Progressed
from lorastudio.endpoints.embeddings import EmbeddingsClient
from lorastudio.store.embeddings import find_embeddings, save_embeddings
from lorastudio.store.library import Library

# Texts between two commits: what a kill can lose.
KEPT_AT_ONCE = 256


def embed_texts(
    library: Library, client: EmbeddingsClient, texts: Sequence[str], cancel: CancelToken
) -> Iterator[Event]:
    """Have the vectors of all texts in the library, asking the server only for those that are missing.

    Killed at any moment it goes on where it was. Raises EndpointError, Cancelled, and KnownError when the model
    now gives another dimension than before.
    """
    model, prefix = client.model(cancel), client.endpoint.prefix
    by_hash = {content_hash(text): text for text in texts}
    known = find_embeddings(library, model, prefix, list(by_hash))
    missing = [key for key in by_hash if key not in known]
    done = len(by_hash) - len(missing)
    yield Progressed("Embedding", done, len(by_hash))
    for start in range(0, len(missing), KEPT_AT_ONCE):
        keys = missing[start : start + KEPT_AT_ONCE]
        vectors = client.embed([by_hash[key] for key in keys], cancel)
        space = EmbeddingSpace(model, prefix, len(vectors[0]))
        kept = {key: as_vector(vector) for key, vector in zip(keys, vectors, strict=True)}
        save_embeddings(library, space, kept)
        done += len(keys)
        yield Progressed("Embedding", done, len(by_hash))


def embeddings_of(
    library: Library, client: EmbeddingsClient, texts: Sequence[str], cancel: CancelToken
) -> dict[str, Vector]:
    """The vectors that the library has of these texts, by text."""
    found = find_embeddings(
        library, client.model(cancel), client.endpoint.prefix, [content_hash(text) for text in texts]
    )
    return {text: found[key] for text in texts if (key := content_hash(text)) in found}
