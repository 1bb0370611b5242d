"""Near-duplicates over the whole library, by MinHash and, where there is an embedder, by embeddings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lorastudio.datasets.clusters import Links
from lorastudio.datasets.language import detect_language
from lorastudio.datasets.lint import Finding
from lorastudio.datasets.neighbours import Neighbourhood, views
from lorastudio.datasets.translations import numbers_of
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.changes import Changes
from lorastudio.domain.events import Event, Progressed
from lorastudio.domain.pair import Pair
from lorastudio.services.arrivals import batched, every_pair
from lorastudio.services.cleaning.embedder import NO_EMBEDDER, PairVectors, embedded_text
from lorastudio.services.cleaning.events import DuplicatesFound
from lorastudio.services.cleaning.findings import mark, with_neighbours
from lorastudio.store.clusters import ClusterKind, Look, save_clusters
from lorastudio.store.library import Library
from lorastudio.store.pairs import count_pairs, get_pairs

PAGE = 500


@dataclass(slots=True)
class _Found:
    """What a look has found so far; ids in the order of the pairs."""

    ids: list[int] = field(default_factory=list)
    links: Links = field(default_factory=Links)
    alike: Links = field(default_factory=Links)
    clashes: set[int] = field(default_factory=set)
    # Those that carry the finding already.
    marked: set[int] = field(default_factory=set)


def look_for_duplicates(library: Library, vectors: PairVectors | None, cancel: CancelToken) -> Iterator[Event]:
    """Find near-duplicates and what is near held-out text; the last event is `DuplicatesFound`.

    Clusters and findings are written in one transaction at the end; before it only embeddings are kept. Each pair
    is compared with those before it, so of two across the split it is the newer one that is marked.
    """
    found = _Found()
    yield from _compare_words(library, found, cancel)
    if vectors is not None:
        yield from _compare_vectors(library, vectors, found, cancel)
    cancel.check()
    clusters, alike = found.links.clusters(), found.alike.clusters()
    method, model = ("minhash", "") if vectors is None else ("embeddings", vectors.model)
    last = max(found.ids, default=0)
    with library.transaction():
        save_clusters(library, Look(ClusterKind.DUPLICATES, method, model, last), clusters)
        save_clusters(library, Look(ClusterKind.ALIKE, method, model, last), alike)
        changes = _mark(library, found, {pair_id for cluster in clusters for pair_id in cluster[1:]})
    yield DuplicatesFound(
        looked_at=len(found.ids),
        clusters=len(clusters),
        pairs=sum(map(len, clusters)),
        to_ask=len(alike),
        clashes=len(found.clashes),
        marked=len(changes.pairs),
        undo=changes.undo_label,
        note=NO_EMBEDDER if vectors is None else f"Compared by words, and by the embeddings of {model}.",
    )


def _compare_words(library: Library, found: _Found, cancel: CancelToken) -> Iterator[Event]:
    neighbourhood = Neighbourhood()
    total = sum(count_pairs(library).values())
    for page in batched(every_pair(library), PAGE):
        cancel.check()
        for pair, seen in zip(page, views(page), strict=True):
            around = neighbourhood.around(seen)
            for number in around.numbers:
                found.links.link(pair.id, found.ids[number])
            if around.clashes(pair.split):
                found.clashes.add(pair.id)
            neighbourhood.add(seen, pair.split)
            found.ids.append(pair.id)
            if Finding.NEAR_DUPLICATE in pair.lint:
                found.marked.add(pair.id)
        yield Progressed("pairs compared", len(found.ids), total)


def _compare_vectors(library: Library, vectors: PairVectors, found: _Found, cancel: CancelToken) -> Iterator[Event]:
    """Pairs that say the same in other words are linked; those that only may, or that name other numbers, are asked
    about."""
    from lorastudio.datasets.vectors import ALIKE_COSINE, SAME_COSINE, close_rows, cosine, unit_matrix

    sides = _Sides()
    for page in batched(get_pairs(library, found.ids), PAGE):
        sides.add(page)
    if len(sides.ids) < 2:
        return
    yield from vectors.compute(sides.texts)
    main, bad = (unit_matrix(vectors.vectors(texts)) for texts in (sides.main, sides.bad))
    for one, other, likeness in close_rows(main, ALIKE_COSINE):
        cancel.check()
        if sides.forms[one] != sides.forms[other]:
            continue
        least = min(likeness, cosine(bad, one, other))
        if least >= SAME_COSINE and sides.numbers[one] == sides.numbers[other]:
            found.links.link(sides.ids[one], sides.ids[other])
        elif least >= ALIKE_COSINE:
            found.alike.link(sides.ids[one], sides.ids[other])


class _Sides:
    """What is embedded of pairs: the question with the good answer (`main`), and with the bad one; an answer that is
    not there is stood in for by the other. `forms` tells which are there and in which language: only pairs of one
    form compare, since a translation is no duplicate."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.main: list[str] = []
        self.bad: list[str] = []
        self.forms: list[tuple[bool, bool, str]] = []
        self.numbers: list[frozenset[str]] = []

    @property
    def texts(self) -> list[str]:
        return [*self.main, *self.bad]

    def add(self, pairs: Sequence[Pair]) -> None:
        for pair in pairs:
            self.ids.append(pair.id)
            self.main.append(embedded_text(pair, pair.bad if pair.good is None else pair.good))
            self.bad.append(embedded_text(pair, pair.good if pair.bad is None else pair.bad))
            self.forms.append((pair.good is None, pair.bad is None, detect_language(self.main[-1])))
            self.numbers.append(numbers_of(f"{self.main[-1]}\n{self.bad[-1]}"))


def _mark(library: Library, found: _Found, repeated: set[int]) -> Changes:
    touched = sorted((repeated ^ found.marked) | found.clashes)
    marked = (
        (pair, with_neighbours(pair, near_duplicate=pair.id in repeated, clash=pair.id in found.clashes))
        for page in batched(touched, PAGE)
        for pair in get_pairs(library, page)
    )
    return mark(library, "near-duplicates marked", marked)
