"""How a new pair lies to the pairs that are there: a near-duplicate, or too near to the other side of the split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from lorastudio.datasets.duplicates import NearIndex, Sketch, sketches
from lorastudio.datasets.groups import question_of
from lorastudio.datasets.lint import Finding
from lorastudio.datasets.words import normalised
from lorastudio.domain.pair import NewPair, Split

# Of a hundred pairs that say the same one is held out, all but surely.
MOST_TOLD = 100


class Place(NamedTuple):
    """Where a pair lies."""

    group: str
    split: Split


class View(NamedTuple):
    """What of a pair is compared with others; made once, used for every look."""

    group: str
    question: str
    good: Sketch | None
    bad: Sketch | None


def views(pairs: Sequence[NewPair]) -> list[View]:
    """The pairs as a neighbourhood sees them; many at once cost least."""
    questions = [question_of(pair.prompt) for pair in pairs]
    texts = [
        (question, answer)
        for question, pair in zip(questions, pairs, strict=True)
        for answer in (pair.good, pair.bad)
        if answer is not None
    ]
    made = iter(sketches(texts))
    return [
        View(
            pair.group,
            normalised(question),
            None if pair.good is None else next(made),
            None if pair.bad is None else next(made),
        )
        for question, pair in zip(questions, pairs, strict=True)
    ]


def view(pair: NewPair) -> View:
    """One pair as a neighbourhood sees it."""
    return views([pair])[0]


class PairIndex:
    """Pairs under whole numbers; finds their near-duplicates: each answer is at least 0.8 like the other pair's, alone
    and taken together with the question. Templated questions that differ in a number are none."""

    def __init__(self, most: int | None = None) -> None:
        """`most` as in `NearIndex`."""
        self._good, self._bad = NearIndex(most=most), NearIndex(most=most)

    def add(self, number: int, pair: View) -> None:
        """Remember a pair under `number`, which is new."""
        for index, answer in self._sides(pair):
            index.add(number, answer)

    def twins(self, pair: View) -> list[int]:
        """The near-duplicates of a pair, ascending."""
        alike = [set(index.twins(answer)) for index, answer in self._sides(pair)]
        return sorted(set.intersection(*alike)) if alike else []

    def sharing(self, pair: View) -> set[int]:
        """The pairs of which an answer, good or bad, is like one of this pair, taken together with the question."""
        answers = [answer for _, answer in self._sides(pair)]
        return {number for answer in answers for index in (self._good, self._bad) for number in index.near(answer)}

    def _sides(self, pair: View) -> list[tuple[NearIndex, Sketch]]:
        sides = ((self._good, pair.good), (self._bad, pair.bad))
        return [(index, answer) for index, answer in sides if answer is not None]


class Around(NamedTuple):
    """What lies around a pair of `group`: its near-duplicates, by their place in the order in which pairs were added
    and by where they lie, and where whatever else it would give away lies, see `Neighbourhood`."""

    group: str
    numbers: list[int]
    twins: list[Place]
    near: frozenset[Place]

    def findings(self, split: Split) -> list[Finding]:
        """What this means for the pair when it lies on `split`."""
        found = [Finding.NEAR_DUPLICATE] if self.twins else []
        return [*found, Finding.HELDOUT_CLASH] if self.clashes(split) else found

    def clashes(self, split: Split) -> bool:
        """Whether the pair, lying on `split`, is near a pair of another group on the other side; one that is
        quarantined always is."""
        if split is Split.QUARANTINED:
            return True
        return any(_clash(Place(self.group, split), there) for there in self.near)


class Neighbourhood:
    """Remembers pairs with their side of the split, to judge new ones against them.

    Two pairs of different groups clash when one is held out, the other is not, and they ask the same or share an
    answer, see `PairIndex.sharing`.
    """

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._index = PairIndex(MOST_TOLD)
        self._questions: defaultdict[str, set[Place]] = defaultdict(set)

    def add(self, pair: View, split: Split) -> None:
        """Remember a pair."""
        place = Place(pair.group, split)
        self._index.add(len(self._places), pair)
        self._places.append(place)
        self._questions[pair.question].add(place)

    def around(self, pair: View) -> Around:
        """What of the pairs remembered lies around this one."""
        sharing = self._index.sharing(pair)
        # Twins share an answer, so most pairs, which share none, are spared the second look.
        twins = self._index.twins(pair) if sharing else []
        near = {self._places[number] for number in sharing}
        near |= self._questions.get(pair.question, set())
        return Around(pair.group, twins, [self._places[number] for number in twins], frozenset(near))


def _clash(here: Place, there: Place) -> bool:
    if here.group == there.group or there.split is Split.QUARANTINED:
        return False
    return (here.split is Split.HELDOUT) != (there.split is Split.HELDOUT)
