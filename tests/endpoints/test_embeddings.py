from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled, EndpointError
from lorastudio.endpoints.embeddings import BATCH_CHARACTERS, BATCH_TEXTS
from tests.endpoints.clients import embedder_for
from tests.servers import Reply, Request, refusal, scripted


def answer(vectors: list[Any], order: list[int] | None = None) -> Reply:
    places = order or list(range(len(vectors)))
    rows = [{"object": "embedding", "index": place, "embedding": vectors[place]} for place in places]
    return Reply([json.dumps({"object": "list", "data": rows, "model": "tiny"}).encode()])


def lengths(request: Request) -> Reply:
    """The length of each text, in reverse order, which its index mends."""
    texts = request.body["input"]
    return answer([[len(text), 1.0] for text in texts], list(reversed(range(len(texts)))))


def test_texts_travel_in_batches_and_come_back_in_order() -> None:
    texts = ["x" * (place % 7 + 1) for place in range(2 * BATCH_TEXTS + 3)]
    with scripted(lengths) as server:
        vectors = embedder_for(server.url, "sk-key", prefix="query: ").embed(texts)
    assert vectors == [[len(text) + 7.0, 1.0] for text in texts]
    sent = [len(request.body["input"]) for request in server.requests]
    assert sorted(sent) == [3, BATCH_TEXTS, BATCH_TEXTS]
    assert {request.path for request in server.requests} == {"/v1/embeddings"}
    assert {request.headers["Authorization"] for request in server.requests} == {"Bearer sk-key"}
    assert server.requests[0].body["model"] == "tiny"


def test_long_texts_make_smaller_batches() -> None:
    texts = ["x" * (BATCH_CHARACTERS // 2)] * 3 + ["x" * BATCH_CHARACTERS]
    with scripted(lengths) as server:
        assert len(embedder_for(server.url, concurrency=1).embed(texts)) == 4
    assert [len(request.body["input"]) for request in server.requests] == [2, 1, 1]


def test_nothing_asks_nothing_and_an_empty_text_is_a_blank() -> None:
    with scripted(lengths) as server:
        assert embedder_for(server.url).embed([]) == []
        assert server.requests == []
        embedder_for(server.url).embed([""])
    assert server.requests[0].body["input"] == [" "]


def test_a_batch_that_is_too_much_is_halved() -> None:
    def script(request: Request) -> Reply:
        return refusal(422, "batch size over 8") if len(request.body["input"]) > 8 else lengths(request)

    texts = [str(place) for place in range(20)]
    with scripted(script) as server:
        assert len(embedder_for(server.url).embed(texts)) == 20


def test_a_text_that_the_server_refuses_is_told_in_its_words() -> None:
    def script(request: Request) -> Reply:
        return refusal(400, "input is too long") if "long" in request.body["input"] else lengths(request)

    with scripted(script) as server, pytest.raises(EndpointError, match="input is too long"):
        embedder_for(server.url).embed(["a", "b", "long", "c"])


def test_passing_trouble_is_tried_again() -> None:
    replies = iter([refusal(503, "loading"), answer([[1.0]])])
    with scripted(lambda _: next(replies)) as server:
        assert embedder_for(server.url).embed(["a"]) == [[1.0]]


@pytest.mark.parametrize(
    ("vectors", "words"),
    [
        ([[1.0]], "1 vectors for 2 texts"),
        ([[1.0, 2.0], [1.0]], "different lengths"),
        ([[[1.0], [2.0]], [[1.0]]], "for each token"),
        ([[0.0, 0.0], [1.0, 0.0]], "points nowhere"),
        ([["a"], [1.0]], "points nowhere"),
        ([[float("nan")], [1.0]], "points nowhere"),
        ([[10**400], [1.0]], "points nowhere"),
        ([None, [1.0]], "2 vectors for 2 texts"),
        ([[], [1.0]], "points nowhere"),
    ],
)
def test_what_is_no_vector_is_refused(vectors: list[Any], words: str) -> None:
    with scripted(lambda _: answer(vectors)) as server, pytest.raises(EndpointError, match=words):
        embedder_for(server.url).embed(["a", "b"])


@pytest.mark.parametrize("body", [b"[]", b'{"data": 3}', b'{"data": [4]}', b"null"])
def test_what_is_no_embeddings_at_all_is_refused(body: bytes) -> None:
    with scripted(lambda _: Reply([body])) as server, pytest.raises(EndpointError, match="no embeddings"):
        embedder_for(server.url).embed(["a"])


def test_waiting_can_be_cancelled() -> None:
    cancel = CancelToken()

    def script(_: Request) -> Reply:
        threading.Timer(0.05, cancel.cancel).start()
        return Reply([], stalls=True)

    with scripted(script) as server, pytest.raises(Cancelled):
        embedder_for(server.url, idle_timeout_s=60).embed(["a"], cancel)
