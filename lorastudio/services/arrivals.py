"""New pairs on their way into the library: each gets its side of the split and its findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from lorastudio.datasets.lint import lint_pair
from lorastudio.datasets.neighbours import Around, Neighbourhood, View, views
from lorastudio.datasets.split import split_of
from lorastudio.datasets.translations import Gist, TranslationIndex, gist_of
from lorastudio.domain.pair import NewPair, Pair, PairState, Split
from lorastudio.domain.pair_filter import EVERY_PAIR, PairFilter
from lorastudio.store.gate_questions import list_gate_questions, text_key
from lorastudio.store.groups import assign_splits, get_splits
from lorastudio.store.library import Library
from lorastudio.store.pairs import get_pairs, pair_ids

PAGE = 1000

Item = TypeVar("Item")


def every_pair(
    library: Library,
    *,
    state: PairState | None = None,
    cycle_id: int | None = None,
    chosen: PairFilter = EVERY_PAIR,
) -> Iterator[Pair]:
    """The pairs that `chosen` means, of this state and cycle where they are given, by id and read a page at a time.

    Those that are there when the first is asked for; one that goes away meanwhile is left out.
    """
    if state is not None:
        chosen = replace(chosen, states=(state,))
    if cycle_id is not None:
        chosen = replace(chosen, cycles=(cycle_id,))
    ids = pair_ids(library, chosen)
    for start in range(0, len(ids), PAGE):
        yield from get_pairs(library, ids[start : start + PAGE])


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of `size`, the last one shorter."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch


def gate_texts(library: Library) -> frozenset[str]:
    """What the gate asks, in the form in which texts are compared."""
    return frozenset(text_key(question.text) for question in list_gate_questions(library))


class Arrivals:
    """Judges new pairs against everything in the library and against each other, in the order they come.

    A group keeps the side it has. A new group whose first pair is near held-out text (or, being held out
    itself, near text that is trained on) is quarantined; in a group that has its side already such a pair
    carries the finding HELDOUT_CLASH and is left out when a training set is frozen. A new group whose first pair
    is a translation, or a near-duplicate of what is trained on, lies where that lies.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._splits: dict[str, Split] = {}
        self._neighbourhood = Neighbourhood()
        self._translations: TranslationIndex[str] = TranslationIndex()
        for page in batched(every_pair(library), PAGE):
            for pair, seen in zip(page, views(page), strict=True):
                self._splits[pair.group] = pair.split
                self._remember(pair.group, pair.split, seen, gist_of(pair))

    def place(self, pairs: Sequence[NewPair]) -> list[NewPair]:
        """The pairs with their findings. Writes nothing."""
        unknown = {pair.group for pair in pairs} - self._splits.keys()
        self._splits |= get_splits(self._library, unknown)
        return [self._place(pair, seen) for pair, seen in zip(pairs, views(pairs), strict=True)]

    def assign(self, pairs: Sequence[NewPair]) -> None:
        """Write down the sides of the groups of placed pairs, which must be done before they are added."""
        assign_splits(self._library, {pair.group: self._splits[pair.group] for pair in pairs})

    def _place(self, pair: NewPair, seen: View) -> NewPair:
        around, kept = self._neighbourhood.around(seen), gist_of(pair)
        side = self._splits.get(pair.group)
        if side is None:
            side = self._splits[pair.group] = self._first_side(pair.group, around, kept)
        self._remember(pair.group, side, seen, kept)
        return replace(pair, lint=(*lint_pair(pair), *around.findings(side)))

    def _first_side(self, group: str, around: Around, kept: Gist) -> Split:
        """The side of a group that has none yet, by its first pair."""
        sides = [self._splits[other] for other in self._translations.translations(kept)]
        sides += [twin.split for twin in around.twins if twin.split is not Split.HELDOUT]
        side = next((side for side in sides if side is not Split.QUARANTINED), split_of(group))
        return Split.QUARANTINED if around.clashes(side) else side

    def _remember(self, group: str, side: Split, seen: View, kept: Gist) -> None:
        self._neighbourhood.add(seen, side)
        self._translations.add(group, kept)
