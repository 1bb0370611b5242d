"""Topics: which pairs are about the same, by embeddings, or by the words of their questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lorastudio.datasets.clusters import labels, topic_words
from lorastudio.datasets.groups import question_of
from lorastudio.datasets.word_topics import WordTopics
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.events import Event, Progressed
from lorastudio.services.arrivals import batched, every_pair
from lorastudio.services.cleaning.embedder import NO_EMBEDDER, PairVectors, embedded_text
from lorastudio.services.cleaning.events import TopicsFound
from lorastudio.store.clusters import ClusterKind, Look, list_clusters, save_clusters
from lorastudio.store.library import Library
from lorastudio.store.pairs import count_pairs, get_pairs

PAGE = 500
LABELLED_PAIRS = 200


@dataclass(frozen=True, slots=True)
class Topic:
    """Pairs about the same: by id, and three words that are frequent in them and rare elsewhere."""

    number: int
    label: str
    pair_ids: tuple[int, ...]


def look_for_topics(library: Library, vectors: PairVectors | None, cancel: CancelToken) -> Iterator[Event]:
    """Sort all pairs into topics; the last event is `TopicsFound`."""
    clusters: list[list[int]] = []
    sorting = _by_words(library, clusters, cancel) if vectors is None else _by_vectors(library, vectors, clusters)
    yield from sorting
    cancel.check()
    method, model = ("words", "") if vectors is None else ("embeddings", vectors.model)
    several = [cluster for cluster in clusters if len(cluster) > 1]
    last = max((cluster[-1] for cluster in clusters), default=0)
    save_clusters(library, Look(ClusterKind.TOPICS, method, model, last), several)
    yield TopicsFound(
        looked_at=sum(map(len, clusters)),
        clusters=len(several),
        apart=len(clusters) - len(several),
        note=NO_EMBEDDER if vectors is None else f"Sorted by the embeddings of {model}.",
    )


def list_topics(library: Library) -> list[Topic]:
    """The topics of the last look, the largest first."""
    found = list_clusters(library, ClusterKind.TOPICS)
    seen = {
        cluster.number: [
            topic_words(question_of(pair.prompt)) for pair in get_pairs(library, cluster.pair_ids[:LABELLED_PAIRS])
        ]
        for cluster in found
    }
    named = labels(seen)
    topics = [Topic(cluster.number, named[cluster.number], cluster.pair_ids) for cluster in found]
    return sorted(topics, key=lambda topic: (-len(topic.pair_ids), topic.number))


def _by_words(library: Library, clusters: list[list[int]], cancel: CancelToken) -> Iterator[Event]:
    topics = WordTopics()
    found: defaultdict[int, list[int]] = defaultdict(list)
    done, total = 0, sum(count_pairs(library).values())
    for page in batched(every_pair(library), PAGE):
        cancel.check()
        for pair in page:
            found[topics.add(question_of(pair.prompt))].append(pair.id)
        done += len(page)
        yield Progressed("pairs sorted", done, total)
    clusters += found.values()


def _by_vectors(library: Library, vectors: PairVectors, clusters: list[list[int]]) -> Iterator[Event]:
    from lorastudio.datasets.vectors import topics, unit_matrix

    ids: list[int] = []
    texts: list[str] = []
    for pair in every_pair(library):
        ids.append(pair.id)
        texts.append(embedded_text(pair, pair.bad if pair.good is None else pair.good))
    if not ids:
        return
    yield from vectors.compute(texts)
    clusters += _grouped(ids, topics(unit_matrix(vectors.vectors(texts))))


def _grouped(ids: Sequence[int], topics: Sequence[int]) -> list[list[int]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for pair_id, topic in zip(ids, topics, strict=True):
        found[topic].append(pair_id)
    return sorted(found.values())
