"""Near-duplicates: MinHash over 5-word shingles finds candidates, the exact Jaccard similarity decides.

A permutation of the hashes is an exclusive or with a random mask: the hashes are as good as random, so each of
them is as likely as any other to come out least.
With 16 bands of 4 rows a pair of texts at Jaccard 0.8 is missed once in 5,000, and one at 0.2 is compared
once in 40 (1 - (1 - j^4)^16). Texts under 5 words have no shingle: they match when their words are equal.
"""

from __future__ import annotations

import hashlib
import random
from array import array
from collections import defaultdict
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

from lorastudio.datasets.words import normalised, words

SHINGLE_WORDS = 5
NEAR_JACCARD = 0.8
BANDS = 16
ROWS = 4
_HASH_BITS = 60

_MASKS = tuple(map(random.Random("near-duplicates").getrandbits, [_HASH_BITS] * (BANDS * ROWS)))

Key = TypeVar("Key", bound=Hashable)


class Fingerprint(NamedTuple):
    """What of a text is compared: its shingles, and its bands, of which near-duplicates share at least one."""

    shingles: frozenset[int]
    bands: tuple[tuple[int, ...], ...]


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
    return Fingerprint(cut, tuple((band, *signature[band * ROWS : (band + 1) * ROWS]) for band in range(BANDS)))


class NearIndex(Generic[Key]):
    """Texts under keys; finds the keys whose text is at least `threshold` like another text.

    Deterministic. Holds about 0.5 KB for a text of 60 words, and 3 KB for its bands.
    """

    def __init__(self, threshold: float = NEAR_JACCARD) -> None:
        self._threshold = threshold
        self._buckets: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
        self._keys: list[Key] = []
        self._shingles: list[array[int]] = []

    def add(self, key: Key, text: Fingerprint) -> None:
        """Remember a text under `key`; a key may have several texts."""
        for band in text.bands:
            self._buckets[band].append(len(self._keys))
        self._keys.append(key)
        self._shingles.append(array("Q", sorted(text.shingles)))

    def near(self, text: Fingerprint) -> list[Key]:
        """The keys of all similar texts, in the order in which they were added."""
        candidates = sorted({at for band in text.bands for at in self._buckets.get(band, ())})
        return [
            self._keys[at]
            for at in candidates
            if jaccard(text.shingles, frozenset(self._shingles[at])) >= self._threshold
        ]


def _hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - _HASH_BITS)
