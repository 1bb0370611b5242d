"""New pairs on their way into the library where near-duplicates are not looked for: nothing is kept in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lorastudio.datasets.lint import lint_pair
from lorastudio.datasets.split import split_of
from lorastudio.domain.pair import NewPair
from lorastudio.store.groups import assign_splits
from lorastudio.store.library import Library


class PlainArrivals:
    """`Arrivals` without comparing: a pair gets the findings of its own texts, a new group the side of its name."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def place(self, pairs: Sequence[NewPair]) -> list[NewPair]:
        """The pairs with their findings. Writes nothing."""
        return [replace(pair, lint=found) if (found := lint_pair(pair)) else pair for pair in pairs]

    def assign(self, pairs: Sequence[NewPair]) -> None:
        """Write down the sides of the groups, which must be done before the pairs are added."""
        assign_splits(self._library, {pair.group: split_of(pair.group) for pair in pairs})
