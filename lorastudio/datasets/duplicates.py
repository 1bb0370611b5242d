"""Near-duplicates: MinHash over 5-word shingles finds candidates, the exact Jaccard similarity decides.

A permutation of the hashes is an exclusive or with a random mask: the hashes are as good as random, so each of
them is as likely as any other to come out least.
With 12 bands of 4 rows a pair of texts at Jaccard 0.8 is missed once in 550, and one at 0.2 is compared
once in 50 (1 - (1 - j^4)^12). Texts under 5 words have no shingle: they match when their words are equal.
"""

from __future__ import annotations

import hashlib
import random
from array import array
from typing import NamedTuple

from lorastudio.datasets.words import normalised, words

SHINGLE_WORDS = 5
NEAR_JACCARD = 0.8
BANDS = 12
ROWS = 4
_HASH_BITS = 60

_MASKS = tuple(map(random.Random("near-duplicates").getrandbits, [_HASH_BITS] * (BANDS * ROWS)))


class Fingerprint(NamedTuple):
    """What of a text is compared: its shingles, and hashes of its bands, of which near-duplicates share one."""

    shingles: frozenset[int]
    bands: tuple[int, ...]


def shingles(text: str) -> frozenset[int]:
    """60-bit hashes of every run of five words; a shorter text is one shingle of all its words."""
    found = words(text)
    if len(found) < SHINGLE_WORDS:
        return frozenset((_hash(normalised(text)),))
    return frozenset(_hash(" ".join(found[at : at + SHINGLE_WORDS])) for at in range(len(found) - SHINGLE_WORDS + 1))


def jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    """|A ∩ B| / |A ∪ B|; two empty sets are equal (1.0)."""
    shared = len(one & other)
    union = len(one) + len(other) - shared
    return shared / union if union else 1.0


def fingerprint(text: str) -> Fingerprint:
    """The fingerprint of a text; about 3 µs a word."""
    cut = shingles(text)
    signature = [min(map(mask.__xor__, cut)) for mask in _MASKS]
    # Hashes of whole numbers are the same in every process, unlike those of texts.
    return Fingerprint(cut, tuple(hash((band, *signature[band::BANDS])) for band in range(BANDS)))


class NearIndex:
    """Texts under whole numbers; finds those whose text is at least `threshold` like another text.

    Deterministic. A text of 60 words takes about 2.5 KB.
    """

    def __init__(self, threshold: float = NEAR_JACCARD) -> None:
        self._threshold = threshold
        self._shingles: dict[int, array[int]] = {}
        # Nearly every band has one text alone, so only the others get a list.
        self._first: dict[int, int] = {}
        self._more: dict[int, list[int]] = {}

    def add(self, number: int, text: Fingerprint) -> None:
        """Remember a text under `number`, which is new."""
        self._shingles[number] = array("Q", sorted(text.shingles))
        for band in text.bands:
            if self._first.setdefault(band, number) != number:
                self._more.setdefault(band, []).append(number)

    def near(self, text: Fingerprint) -> list[int]:
        """The numbers of all similar texts, ascending."""
        candidates = {self._first[band] for band in text.bands if band in self._first}
        candidates.update(number for band in text.bands for number in self._more.get(band, ()))
        return [number for number in sorted(candidates) if self._alike(text, number)]

    def _alike(self, text: Fingerprint, number: int) -> bool:
        return jaccard(text.shingles, frozenset(self._shingles[number])) >= self._threshold


def _hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - _HASH_BITS)
