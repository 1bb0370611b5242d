from __future__ import annotations

from array import array

import pytest

from lorastudio.domain.embedding import EmbeddingSpace, as_vector, content_hash
from lorastudio.domain.errors import KnownError
from lorastudio.store.embeddings import find_embeddings, forget_embeddings, save_embeddings
from lorastudio.store.library import Library

SPACE = EmbeddingSpace("bge", "query: ", 3)


def test_vectors_come_back_by_their_text_model_and_prefix(library: Library) -> None:
    one, two = content_hash("copper"), content_hash("cobre\ud800")
    save_embeddings(library, SPACE, {one: as_vector([1, 0.5, -2]), two: as_vector([0, 1, 0])})
    save_embeddings(library, EmbeddingSpace("bge", "", 2), {one: as_vector([7, 8])})
    found = find_embeddings(library, "bge", "query: ", [one, two, content_hash("other")])
    assert found == {one: array("f", [1, 0.5, -2]), two: array("f", [0, 1, 0])}
    assert find_embeddings(library, "bge", "", [one, two]) == {one: array("f", [7, 8])}
    assert find_embeddings(library, "other", "", [one]) == {}


def test_vectors_of_another_dimension_are_never_mixed_in(library: Library) -> None:
    one, two = content_hash("a"), content_hash("b")
    save_embeddings(library, SPACE, {one: as_vector([1, 2, 3])})
    with pytest.raises(KnownError, match="vectors of 3 numbers before and gives 2 now") as caught:
        save_embeddings(library, EmbeddingSpace("bge", "query: ", 2), {two: as_vector([1, 2])})
    assert "forget-embeddings bge" in caught.value.hint
    assert set(find_embeddings(library, "bge", "query: ", [one, two])) == {one}
    assert forget_embeddings(library, "bge", "query: ") == 1
    save_embeddings(library, EmbeddingSpace("bge", "query: ", 2), {two: as_vector([1, 2])})
    assert set(find_embeddings(library, "bge", "query: ", [one, two])) == {two}
