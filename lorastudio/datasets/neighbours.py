"""How a new pair lies to the pairs that are there: a near-duplicate, or too near to the other side of the split."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from lorastudio.datasets.duplicates import Fingerprint, NearIndex, fingerprint
from lorastudio.datasets.groups import question_of
from lorastudio.datasets.lint import Finding
from lorastudio.datasets.words import normalised
from lorastudio.domain.pair import NewPair, Split


class Place(NamedTuple):
    """Where a pair lies."""

    group: str
    split: Split


class View(NamedTuple):
    """What of a pair is compared with others; made once, used for every look. `good` and `bad` stand for the
    question together with that answer."""

    group: str
    question: str
    good: Fingerprint | None
    bad: Fingerprint | None


def view(pair: NewPair) -> View:
    """The pair as a neighbourhood sees it."""
    question = question_of(pair.prompt)
    good, bad = (None if answer is None else fingerprint(f"{question}\n{answer}") for answer in (pair.good, pair.bad))
    return View(pair.group, normalised(question), good, bad)


class Neighbourhood:
    """Remembers pairs with their side of the split and judges new ones against them.

    A pair is a near-duplicate of another one when each answer it has is at least 0.8 like the other's, taken
    together with the prompt. Two pairs of different groups clash when one is held out, the other is not, and
    they ask the same or share such an answer. Templated questions that differ in a number are neither.
    """

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._good, self._bad = NearIndex(), NearIndex()
        self._questions: defaultdict[str, set[Place]] = defaultdict(set)

    def add(self, pair: View, split: Split) -> None:
        """Remember a pair."""
        place = Place(pair.group, split)
        if pair.good is not None:
            self._good.add(len(self._places), pair.good)
        if pair.bad is not None:
            self._bad.add(len(self._places), pair.bad)
        self._places.append(place)
        self._questions[pair.question].add(place)

    def findings(self, pair: View, split: Split) -> list[Finding]:
        """What comparing the pair, lying on `split`, with those remembered gives."""
        found = [Finding.NEAR_DUPLICATE] if self._has_twin(pair) else []
        return [*found, Finding.HELDOUT_CLASH] if self.clashes(pair, split) else found

    def clashes(self, pair: View, split: Split) -> bool:
        """Whether the pair, lying on `split`, is near a pair of another group on the other side; one that is
        quarantined always is."""
        if split is Split.QUARANTINED:
            return True
        here = Place(pair.group, split)
        if any(_clash(here, there) for there in self._questions.get(pair.question, ())):
            return True
        answers = [answer for answer in (pair.good, pair.bad) if answer is not None]
        near = (number for answer in answers for index in (self._good, self._bad) for number in index.near(answer))
        return any(_clash(here, self._places[number]) for number in near)

    def _has_twin(self, pair: View) -> bool:
        sides = ((self._good, pair.good), (self._bad, pair.bad))
        alike = [set(index.near(answer)) for index, answer in sides if answer is not None]
        return bool(alike) and bool(set.intersection(*alike))


def _clash(here: Place, there: Place) -> bool:
    if here.group == there.group or there.split is Split.QUARANTINED:
        return False
    return (here.split is Split.HELDOUT) != (there.split is Split.HELDOUT)
