"""Embeddings that are asked for once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Role
from lorastudio.domain.errors import EndpointError, KnownError
from lorastudio.domain.events import Event, Progressed
from lorastudio.endpoints.embeddings import EmbeddingsClient
from lorastudio.services.embedding import KEPT_AT_ONCE, embed_texts, embeddings_of
from lorastudio.store.library import Library
from tests.endpoints.clients import embedder_for
from tests.servers import Reply, Request, refusal, scripted

TEXTS = [f"text {place}" for place in range(KEPT_AT_ONCE + 40)]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "home", write=True) as library:
        yield library


class Model:
    """An embedder that remembers what it was asked, and refuses texts in `bad`."""

    def __init__(self, dimension: int = 3) -> None:
        self.dimension = dimension
        self.asked: list[str] = []
        self.bad: set[str] = set()

    def __call__(self, request: Request) -> Reply:
        texts = request.body["input"]
        if self.bad & set(texts):
            return refusal(401, "no more credit")
        self.asked += texts
        rows = [
            {"index": place, "embedding": [len(text), *[1.0] * (self.dimension - 1)]}
            for place, text in enumerate(texts)
        ]
        return Reply([json.dumps({"data": rows}).encode()])


def run(library: Library, client: EmbeddingsClient, texts: list[str]) -> list[Event]:
    return list(embed_texts(library, client, texts, CancelToken()))


def test_each_text_is_asked_for_once_even_after_a_failure(library: Library) -> None:
    model = Model()
    with scripted(model) as server:
        client = embedder_for(server.url, role=Role.EMBEDDER)
        model.bad = {TEXTS[-1]}
        with pytest.raises(EndpointError, match="no more credit"):
            run(library, client, [*TEXTS, *TEXTS[:9]])
        kept = embeddings_of(library, client, TEXTS, CancelToken())
        assert set(TEXTS[:KEPT_AT_ONCE]) == set(kept)
        before = len(model.asked)
        model.bad = set()
        events = run(library, client, TEXTS)
        assert events[0] == Progressed("Embedding", KEPT_AT_ONCE, len(TEXTS))
        assert events[-1] == Progressed("Embedding", len(TEXTS), len(TEXTS))
        assert sorted(model.asked[before:]) == sorted(TEXTS[KEPT_AT_ONCE:])
        assert run(library, client, TEXTS) == [Progressed("Embedding", len(TEXTS), len(TEXTS))]
        found = embeddings_of(library, client, TEXTS, CancelToken())
    assert {text: vector.tolist() for text, vector in found.items()} == {text: [len(text), 1, 1] for text in TEXTS}


def test_another_prefix_or_model_has_vectors_of_its_own_and_another_dimension_is_refused(library: Library) -> None:
    model = Model()
    with scripted(model) as server:
        run(library, embedder_for(server.url), ["copper"])
        run(library, embedder_for(server.url, prefix="query: "), ["copper"])
        run(library, embedder_for(server.url, model="other"), ["copper"])
        assert model.asked == ["copper", "query: copper", "copper"]
        model.dimension = 4
        with pytest.raises(KnownError, match="vectors of 3 numbers before and gives 4 now"):
            run(library, embedder_for(server.url), ["tin"])
        assert embeddings_of(library, embedder_for(server.url), ["tin"], CancelToken()) == {}
