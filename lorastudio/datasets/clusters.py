"""Clusters: what hangs together through links, and words that say what a cluster is about."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from lorastudio.datasets.words import words

LABEL_WORDS = 3
_LEAST_LETTERS = 4


class Links:
    """Whole numbers and links between them (disjoint sets with path halving; Tarjan, 1975)."""

    def __init__(self) -> None:
        self._parents: dict[int, int] = {}

    def link(self, one: int, other: int) -> None:
        """Put the two, and all that hangs on them, together."""
        first, second = sorted((self._root(one), self._root(other)))
        self._parents[second] = first

    def clusters(self) -> list[list[int]]:
        """What hangs together, each ascending, by its least number; what nothing is linked with is left out."""
        found = defaultdict(list)
        for number in sorted(self._parents):
            found[self._root(number)].append(number)
        return [found[root] for root in sorted(found) if len(found[root]) > 1]

    def _root(self, number: int) -> int:
        parents = self._parents
        parents.setdefault(number, number)
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number


def topic_words(text: str) -> frozenset[str]:
    """The words of a text that may say what it is about: those of at least four letters and no digit."""
    return frozenset(word for word in words(text) if len(word) >= _LEAST_LETTERS and word.isalpha())


def labels(clusters: Mapping[int, Sequence[Iterable[str]]]) -> dict[int, str]:
    """Three words for each cluster of texts (their words): frequent in it and rare in the others.

    By the share of the cluster's texts that hold the word, times the logarithm of all texts over those with it.
    """
    counts = {key: Counter(word for text in texts for word in set(text)) for key, texts in clusters.items()}
    total = sum((found for found in counts.values()), Counter[str]())
    number = sum(map(len, clusters.values()))

    def weight(key: int, word: str) -> tuple[float, str]:
        return -counts[key][word] / len(clusters[key]) * math.log((1 + number) / total[word]), word

    return {
        key: ", ".join(sorted(found, key=lambda word, key=key: weight(key, word))[:LABEL_WORDS])  # type: ignore[misc]
        for key, found in counts.items()
    }
