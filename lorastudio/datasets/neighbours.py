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
    heldout: bool


class View(NamedTuple):
    """What of a pair is compared with others; made once, used for every look."""

    group: str
    question: str
    whole: Fingerprint
    answers: tuple[Fingerprint, ...]


def view(pair: NewPair) -> View:
    """The pair as a neighbourhood sees it: its question, all its texts, and the prompt with each answer."""
    question = question_of(pair.prompt)
    given = [answer for answer in (pair.good, pair.bad) if answer is not None]
    return View(
        pair.group,
        normalised(question),
        fingerprint("\n".join((question, *given))),
        tuple(fingerprint(f"{question}\n{answer}") for answer in given),
    )


class Neighbourhood:
    """Remembers pairs with their side of the split and judges new ones against them.

    Two pairs of different groups clash when one is held out, the other is not, and they ask the same or are at
    least 0.8 alike in prompt and answer together: templated questions that differ in a number do not clash.
    """

    def __init__(self) -> None:
        self._whole: NearIndex[Place] = NearIndex()
        self._answers: NearIndex[Place] = NearIndex()
        self._questions: defaultdict[str, set[Place]] = defaultdict(set)

    def add(self, pair: View, split: Split) -> None:
        """Remember a pair. Quarantined ones count for near-duplicates alone."""
        place = Place(pair.group, split is Split.HELDOUT)
        self._whole.add(place, pair.whole)
        if split is not Split.QUARANTINED:
            self._questions[pair.question].add(place)
            for answer in pair.answers:
                self._answers.add(place, answer)

    def clashes(self, pair: View, split: Split) -> bool:
        """Whether the pair, lying on `split`, is near a pair of another group on the other side."""
        if split is Split.QUARANTINED:
            return True
        here = Place(pair.group, split is Split.HELDOUT)
        if any(_clash(here, there) for there in self._questions.get(pair.question, ())):
            return True
        return any(_clash(here, there) for answer in pair.answers for there in self._answers.near(answer))

    def findings(self, pair: View, split: Split) -> list[Finding]:
        """What comparing the pair with those remembered gives."""
        found = [Finding.NEAR_DUPLICATE] if self._whole.near(pair.whole) else []
        return [*found, Finding.HELDOUT_CLASH] if self.clashes(pair, split) else found


def _clash(here: Place, there: Place) -> bool:
    return here.group != there.group and here.heldout != there.heldout
