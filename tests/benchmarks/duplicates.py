"""Near-duplicates among 100,000 pairs: time and memory on two cores, and how many of the planted ones are found.

The pairs are of about 1 kB. One in ten is a changed copy of an earlier one; the changes are drawn so that copies lie
on both sides of the threshold, and what counts is the exact Jaccard similarity of 5-word shingles, computed here from
the texts and not by the index: a copy at 0.8 or more, in both answers, is to be found, one below is not. The other
pairs share a boilerplate sentence and templated openings, as real files do, and lie far below. `make bench-duplicates`
runs this and prints the table. The whole look, with its reading from the library and its writing of clusters and
findings, is timed too.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from lorastudio.datasets.neighbours import Neighbourhood, views
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.messages import user
from lorastudio.domain.pair import NewPair, Origin, Split
from lorastudio.services.arrivals import batched
from lorastudio.services.cleaning.events import DuplicatesFound
from lorastudio.services.cleaning.near import look_for_duplicates
from lorastudio.store.clusters import ClusterKind, list_clusters
from lorastudio.store.groups import assign_splits
from lorastudio.store.library import Library
from lorastudio.store.pairs import add_pairs

PAIRS = 100_000
PLANTED_SHARE = 0.1
MOST_S = 60.0
LEAST_RECALL = 0.99
LEAST_PRECISION = 0.999
PAGE = 500
BOILERPLATE = "Please answer in full sentences and name the source of every figure that you give."

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3_600)]


@dataclass(frozen=True)
class Planted:
    """The pairs, and for each copy its number, that of its original, and how alike the less alike side is."""

    pairs: list[NewPair]
    copies: list[tuple[int, int, float]]


@pytest.fixture(scope="module")
def planted() -> Planted:
    rng = random.Random("planted")
    vocabulary = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9))) for _ in range(20_000)]
    pairs: list[NewPair] = []
    copies = []
    for number in range(PAIRS):
        if number and rng.random() < PLANTED_SHARE:
            at = rng.randrange(number)
            pair = _copy(pairs[at], vocabulary, rng)
            copies.append((number, at, _likeness(pairs[at], pair)))
        else:
            pair = _fresh(vocabulary, rng, number)
        pairs.append(pair)
    return Planted(pairs, copies)


def test_the_index_alone(planted: Planted) -> None:
    before = _memory_bytes()
    began_at, cpu_s = time.perf_counter(), time.process_time()
    neighbourhood = Neighbourhood()
    linked: dict[int, list[int]] = {}
    number = 0
    for page in batched(planted.pairs, PAGE):
        for seen in views(page):
            if twins := neighbourhood.around(seen).numbers:
                linked[number] = twins
            neighbourhood.add(seen, Split.TRAIN)
            number += 1
    elapsed_s, cpu_s = time.perf_counter() - began_at, time.process_time() - cpu_s
    due = {copy for copy, at, likeness in planted.copies if likeness >= 0.8}
    found = due & linked.keys()
    right = sum(_alike(planted.pairs[one], planted.pairs[other]) for one, twins in linked.items() for other in twins)
    every = sum(map(len, linked.values()))
    recall, precision = len(found) / len(due), right / every
    print(
        f"\n{PAIRS} pairs, {len(planted.copies)} changed copies, {len(due)} of them near-duplicates by exact Jaccard"
        f"\nthe index        {elapsed_s:6.1f} s ({cpu_s:.1f} s of computing)"
        f"   recall {recall:.4f}   precision {precision:.4f} ({every} links)"
        f"   memory {(_memory_bytes() - before) / 2**20:.0f} MiB"
    )
    assert elapsed_s < MOST_S
    assert recall >= LEAST_RECALL
    assert precision >= LEAST_PRECISION


def test_the_look_over_a_library(planted: Planted, tmp_path: Path) -> None:
    with Library.open(tmp_path / "home", write=True, verb="bench") as library:
        assign_splits(library, {"group": Split.TRAIN})
        for page in batched(planted.pairs, 5_000):
            add_pairs(library, page)
        began_at, cpu_s = time.perf_counter(), time.process_time()
        *_, last = look_for_duplicates(library, None, CancelToken())
        elapsed_s, cpu_s = time.perf_counter() - began_at, time.process_time() - cpu_s
        assert isinstance(last, DuplicatesFound)
        together = {
            pair_id for cluster in list_clusters(library, ClusterKind.DUPLICATES) for pair_id in cluster.pair_ids
        }
    due = {copy + 1 for copy, _, likeness in planted.copies if likeness >= 0.8}
    recall = len(due & together) / len(due)
    print(
        f"\nthe whole look   {elapsed_s:6.1f} s ({cpu_s:.1f} s of computing)"
        f"   recall {recall:.4f}   {last.clusters} clusters of {last.pairs} pairs,"
        f" {last.marked} marked   peak of the process {_memory_bytes() / 2**20:.0f} MiB"
    )
    assert elapsed_s < MOST_S
    assert recall >= LEAST_RECALL


def _fresh(vocabulary: list[str], rng: random.Random, number: int) -> NewPair:
    prompt = f"Explain what {rng.choice(vocabulary)} has to do with {rng.choice(vocabulary)}. {BOILERPLATE}"
    good, bad = (" ".join(rng.choices(vocabulary, k=rng.randint(40, 80))) for _ in range(2))
    return NewPair(user(prompt), good, bad, "group", Origin.IMPORTED, extra={"row": number})


def _copy(pair: NewPair, vocabulary: list[str], rng: random.Random) -> NewPair:
    """The pair with up to five words of each answer changed, in runs as people change them."""
    good, bad = (_changed(text or "", rng.randint(0, 5), vocabulary, rng) for text in (pair.good, pair.bad))
    return NewPair(pair.prompt, f"{good} {rng.choice(vocabulary)}", bad, "group", Origin.IMPORTED)


def _changed(text: str, count: int, vocabulary: list[str], rng: random.Random) -> str:
    found = text.split()
    start = rng.randrange(len(found))
    for place in range(start, min(start + count, len(found))):
        found[place] = rng.choice(vocabulary)
    return " ".join(found)


def _alike(one: NewPair, other: NewPair) -> bool:
    return _likeness(one, other) >= 0.8


def _likeness(one: NewPair, other: NewPair) -> float:
    """The least Jaccard similarity of the answers, each alone and with its question."""
    question = [_shingles(pair.prompt[-1].content) for pair in (one, other)]
    sides = []
    for texts in ((one.good, other.good), (one.bad, other.bad)):
        answers = [_shingles(text or "") for text in texts]
        both = [asked | answered for asked, answered in zip(question, answers, strict=True)]
        sides += [_jaccard(*answers), _jaccard(*both)]
    return min(sides)


def _shingles(text: str) -> set[tuple[str, ...]]:
    found = text.lower().replace(".", "").split()
    return set(zip(*(found[start:] for start in range(5)), strict=False))


def _jaccard(one: set[tuple[str, ...]], other: set[tuple[str, ...]]) -> float:
    return len(one & other) / len(one | other)


def _memory_bytes() -> int:
    """The most memory that this process has taken so far; Linux tells it in KiB, macOS in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
