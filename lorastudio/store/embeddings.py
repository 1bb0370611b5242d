"""Embeddings that were computed once, by what they were computed from."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Mapping, Sequence

from lorastudio.domain.clock import now
from lorastudio.domain.embedding import EmbeddingSpace, Vector
from lorastudio.domain.errors import KnownError
from lorastudio.store.json_text import to_json
from lorastudio.store.library import Library


def find_embeddings(library: Library, model: str, prefix: str, hashes: Sequence[str]) -> dict[str, Vector]:
    """The vectors that are there, by the hash of their text; float32."""
    rows = library.rows(
        "SELECT content_hash, vector FROM embeddings JOIN embedding_spaces ON embedding_spaces.id = space_id"
        " WHERE model = ? AND prefix = ? AND content_hash IN (SELECT value FROM json_each(?))",
        (model, prefix, to_json(hashes)),
    )
    return {row["content_hash"]: _vector(row["vector"]) for row in rows}


def save_embeddings(library: Library, space: EmbeddingSpace, vectors: Mapping[str, Vector]) -> None:
    """Keep vectors by the hash of their text.

    KnownError, and nothing is kept, when the same model and prefix gave vectors of another dimension before:
    such vectors can't be compared, and a mixture would tell nothing.
    """
    with library.transaction():
        space_id = _space(library, space)
        library.execute_many(
            "INSERT INTO embeddings (space_id, content_hash, vector) VALUES (?, ?, ?)"
            " ON CONFLICT (space_id, content_hash) DO UPDATE SET vector = excluded.vector",
            [(space_id, key, _bytes(vector)) for key, vector in vectors.items()],
        )


def forget_embeddings(library: Library, model: str, prefix: str) -> int:
    """Delete all vectors of a model and prefix; returns how many there were."""
    with library.transaction():
        count = library.value(
            "SELECT count(*) FROM embeddings JOIN embedding_spaces ON embedding_spaces.id = space_id"
            " WHERE model = ? AND prefix = ?",
            (model, prefix),
        )
        library.execute("DELETE FROM embedding_spaces WHERE model = ? AND prefix = ?", (model, prefix))
    return int(count)


def _space(library: Library, space: EmbeddingSpace) -> int:
    row = library.row(
        "SELECT id, dimension FROM embedding_spaces WHERE model = ? AND prefix = ?", (space.model, space.prefix)
    )
    if row is None:
        values = {"model": space.model, "prefix": space.prefix, "dimension": space.dimension, "created_at": now()}
        return library.insert("embedding_spaces", values)
    if row["dimension"] != space.dimension:
        raise KnownError(
            f"The model {space.model} gave vectors of {row['dimension']} numbers before and gives {space.dimension} "
            "now, and those can't be compared.",
            f"Give the other model another name, or forget the old ones: lorastudio endpoint forget-embeddings "
            f"{space.model}",
        )
    return int(row["id"])


def _bytes(vector: Vector) -> bytes:
    return _swapped(array("f", vector)).tobytes()


def _vector(stored: bytes) -> Vector:
    return _swapped(array("f", stored))


def _swapped(vector: Vector) -> Vector:
    """The vector in the other byte order on machines that are big-endian; changes it in place."""
    if sys.byteorder == "big":
        vector.byteswap()
    return vector
