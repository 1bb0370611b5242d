"""Translations over the whole library: pairs that say the same in English and in Portuguese."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lorastudio.datasets.clusters import Links
from lorastudio.datasets.lint import Finding
from lorastudio.datasets.translations import Gist, TranslationIndex, gist_of, may_translate
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.changes import Changes
from lorastudio.domain.events import Event, Progressed
from lorastudio.domain.pair import Split
from lorastudio.services.arrivals import batched, every_pair
from lorastudio.services.cleaning.embedder import NO_EMBEDDER, PairVectors, embedded_text
from lorastudio.services.cleaning.events import TranslationsFound
from lorastudio.services.cleaning.findings import mark, with_neighbours
from lorastudio.store.clusters import ClusterKind, Look, save_clusters
from lorastudio.store.library import Library
from lorastudio.store.pairs import count_pairs, get_pairs

PAGE = 500


@dataclass(slots=True)
class _Found:
    """What a look has found so far; `gists` of the pairs in either language."""

    splits: dict[int, Split] = field(default_factory=dict)
    gists: dict[int, Gist] = field(default_factory=dict)
    links: Links = field(default_factory=Links)


def look_for_translations(library: Library, vectors: PairVectors | None, cancel: CancelToken) -> Iterator[Event]:
    """Find the pairs that are translations of each other; the last event is `TranslationsFound`.

    A new group that translates one in the library is given its side as it comes in. Those that came without being
    compared, or that embeddings alone find, may lie on both sides by now: then what is newer is marked as near
    held-out text.
    """
    found = _Found()
    yield from _compare_words(library, found, cancel)
    if vectors is not None:
        yield from _compare_vectors(library, vectors, found, cancel)
    clusters = found.links.clusters()
    separated = [late for cluster in clusters if (late := _separated(cluster, found.splits))]
    method, model = ("words", "") if vectors is None else ("embeddings", vectors.model)
    with library.transaction():
        save_clusters(library, Look(ClusterKind.TRANSLATIONS, method, model, max(found.splits, default=0)), clusters)
        changes = _mark(library, [pair_id for late in separated for pair_id in late])
    yield TranslationsFound(
        looked_at=len(found.splits),
        clusters=len(clusters),
        separated=len(separated),
        marked=len(changes.pairs),
        undo=changes.undo_label,
        note=NO_EMBEDDER if vectors is None else f"Compared by numbers, names and the embeddings of {model}.",
    )


def _compare_words(library: Library, found: _Found, cancel: CancelToken) -> Iterator[Event]:
    index: TranslationIndex[int] = TranslationIndex()
    total = sum(count_pairs(library).values())
    for page in batched(every_pair(library), PAGE):
        cancel.check()
        for pair in page:
            found.splits[pair.id] = pair.split
            seen = gist_of(pair)
            for other in index.translations(seen):
                found.links.link(pair.id, other)
            index.add(pair.id, seen)
            if seen.language:
                found.gists[pair.id] = seen
        yield Progressed("pairs compared", len(found.splits), total)


def _compare_vectors(library: Library, vectors: PairVectors, found: _Found, cancel: CancelToken) -> Iterator[Event]:
    """Of the pairs with the same numbers in the two languages those whose embeddings are alike."""
    from lorastudio.datasets.vectors import ALIKE_COSINE, close_rows, unit_matrix

    ids = list(found.gists)
    texts = [
        embedded_text(pair, pair.bad if pair.good is None else pair.good)
        for page in batched(ids, PAGE)
        for pair in get_pairs(library, page)
    ]
    if not texts:
        return
    yield from vectors.compute(texts)
    for one, other, _ in close_rows(unit_matrix(vectors.vectors(texts)), ALIKE_COSINE):
        cancel.check()
        if may_translate(found.gists[ids[one]], found.gists[ids[other]]):
            found.links.link(ids[one], ids[other])


def _separated(cluster: list[int], splits: dict[int, Split]) -> list[int]:
    """The pairs of a cluster that came later and lie on the other side of the split than the first one."""
    placed = [pair_id for pair_id in cluster if splits[pair_id] is not Split.QUARANTINED]
    return [pair_id for pair_id in placed if (splits[pair_id] is Split.HELDOUT) != (splits[placed[0]] is Split.HELDOUT)]


def _mark(library: Library, ids: list[int]) -> Changes:
    marked = (
        (pair, with_neighbours(pair, near_duplicate=Finding.NEAR_DUPLICATE in pair.lint, clash=True))
        for page in batched(ids, PAGE)
        for pair in get_pairs(library, page)
    )
    return mark(library, "separated translations marked", marked)
