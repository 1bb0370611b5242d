"""Near-duplicates: MinHash over 5-word shingles finds candidates, the exact Jaccard similarity decides.

A signature of 120 hashes is cut into 20 bands of 6; texts that share a band are candidates. A pair of texts at
Jaccard 0.8 is missed once in 430, and one at 0.2 is compared once in 780 (1 - (1 - j^6)^20; Broder, "On the
resemblance and containment of documents", 1997, and Leskovec et al., "Mining of Massive Datasets", chapter 3).
Texts under 5 words have no shingle: they match when their words are equal.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple, TypeAlias

from rensa import RMinHash, RMinHashLSH  # type: ignore[import-untyped]

from lorastudio.datasets.words import normalised, words

SHINGLE_WORDS = 5
NEAR_JACCARD = 0.8
BANDS = 20
ROWS = 6
_SEED = 5
_HASH_MASK = 0xFFFFFFFF

# 32 bits of a shingle's hash: two texts of a thousand words share one by accident once in four thousand comparisons.
Shingles: TypeAlias = "array[int]"  # array takes no type at run time before Python 3.12


class Sketch(NamedTuple):
    """What of an answer to a question is compared: the shingles of each, and a signature over both."""

    question: Shingles
    answer: Shingles
    signature: RMinHash


def shingles(text: str) -> list[bytes | str]:
    """Every run of five words; a shorter text is one shingle of all its words."""
    found = words(text)
    if len(found) < SHINGLE_WORDS:
        # A text of signs alone may hold what UTF-8 can't.
        return [normalised(text).encode("utf-8", "surrogatepass")]
    return [" ".join(run) for run in zip(*(found[start:] for start in range(SHINGLE_WORDS)), strict=False)]


def sketches(texts: Sequence[tuple[str, str]]) -> list[Sketch]:
    """A sketch for each (question, answer); about 0.2 ms for 150 words. Many at once cost least."""
    cut = [(shingles(question), shingles(answer)) for question, answer in texts]
    hashes = list(map(_hashed, RMinHash.hash_token_sets(list(chain.from_iterable(cut)))))
    signatures = RMinHash.from_token_sets([question + answer for question, answer in cut], BANDS * ROWS, _SEED)
    return [Sketch(*parts) for parts in zip(hashes[::2], hashes[1::2], signatures, strict=True)]


def jaccard(one: frozenset[Any], other: frozenset[Any]) -> float:
    """|A ∩ B| / |A ∪ B|; two empty sets are equal (1.0)."""
    shared = len(one & other)
    union = len(one) + len(other) - shared
    return shared / union if union else 1.0


class NearIndex:
    """Answers with their questions under whole numbers; finds those that are at least `threshold` like another.

    Deterministic. 60 words of answer and question take about 2 KB.
    """

    def __init__(self, threshold: float = NEAR_JACCARD, most: int | None = None) -> None:
        """With `most`, only so many are told of each text, the least numbers: else thousands of texts that are all
        alike would all be compared with all."""
        self._threshold = threshold
        self._most = most
        self._parts: dict[int, tuple[Shingles, Shingles]] = {}
        self._bands = RMinHashLSH(threshold, BANDS * ROWS, BANDS)

    def add(self, number: int, text: Sketch) -> None:
        """Remember a sketch under `number`, which is new."""
        self._parts[number] = (text.question, text.answer)
        self._bands.insert(number, text.signature)

    def near(self, text: Sketch) -> list[int]:
        """The numbers of all that are alike, question and answer taken together, ascending."""
        return list(islice(self._near(text), self._most))

    def twins(self, text: Sketch) -> list[int]:
        """Those of `near` whose answers are alike also alone: a long text that is asked about makes no twins."""
        answer = frozenset(text.answer)
        near = self._near(text)
        return list(islice((number for number in near if self._alike(answer, self._parts[number][1])), self._most))

    def _near(self, text: Sketch) -> Iterator[int]:
        candidates: list[int] = self._bands.query(text.signature)
        if candidates:
            both = frozenset(text.question).union(text.answer)
            yield from (number for number in sorted(candidates) if self._alike(both, *self._parts[number]))

    def _alike(self, one: frozenset[int], *parts: Shingles) -> bool:
        return jaccard(one, frozenset().union(*parts)) >= self._threshold


def _hashed(hashes: list[int]) -> Shingles:
    return array("I", {value & _HASH_MASK for value in hashes})
