"""Topics by words alone: texts that share many words of at least four letters, found by MinHash."""

from __future__ import annotations

from rensa import RMinHash, RMinHashLSH  # type: ignore[import-untyped]

from lorastudio.datasets.clusters import topic_words
from lorastudio.datasets.duplicates import jaccard

LEAST_JACCARD = 0.3
# A pair of texts at 0.3 is missed once in 290 (1 - (1 - j^2)^60).
BANDS = 60
ROWS = 2
_SEED = 5


class WordTopics:
    """Sorts texts one by one: each goes to the most similar first text of a topic, or begins its own.

    (Leader clustering; Hartigan, "Clustering Algorithms", 1975.) The order of the texts matters.
    """

    def __init__(self) -> None:
        self._leaders: list[frozenset[str]] = []
        self._bands = RMinHashLSH(LEAST_JACCARD, BANDS * ROWS, BANDS)

    def add(self, text: str) -> int:
        """The number of the text's topic."""
        found = topic_words(text)
        signature = RMinHash(BANDS * ROWS, _SEED)
        signature.update(sorted(found))
        likeness, topic = max(
            ((jaccard(found, self._leaders[number]), -number) for number in self._bands.query(signature)),
            default=(0.0, 0),
        )
        if likeness >= LEAST_JACCARD:
            return -topic
        self._leaders.append(found)
        self._bands.insert(len(self._leaders) - 1, signature)
        return len(self._leaders) - 1
