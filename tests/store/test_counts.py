"""Counts and lists stay right through anything that is done to a library, kills included."""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lorastudio.domain.errors import KnownError
from lorastudio.domain.messages import Message, user
from lorastudio.domain.pair import Decider, PairState, Split
from lorastudio.domain.pair_filter import PairFilter
from lorastudio.services import curation
from lorastudio.services.curation import SplitInto
from lorastudio.store.groups import assign_splits
from lorastudio.store.imports import begin_import, commit_import, drop_import, stage_pairs
from lorastudio.store.library import Library
from lorastudio.store.pair_listing import PairFacet, count_by, count_pairs
from lorastudio.store.pair_rows import VISIBLE
from lorastudio.store.pairs import add_pairs, list_pairs
from lorastudio.store.recovery import recover
from tests.store.samples import new_pair

WORDS = st.sampled_from("abcdef")
NUMBERS = st.integers(0, 9)
STATES = st.sampled_from(PairState)
TALK = (Message("user", "First?"), Message("assistant", "One."), Message("user", "Then?"))


class Curation(RuleBasedStateMachine):
    """Random work on a real library; after each step the counts are compared with a recount of the rows."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.library = Library.open(Path(self.folder.name), write=True)
        self.staged: list[int] = []
        assign_splits(self.library, {"group": Split.TRAIN, "held": Split.HELDOUT})

    def teardown(self) -> None:
        self.library.close()
        self.folder.cleanup()

    def pair_id(self, number: int) -> int:
        ids = [pair.id for pair in list_pairs(self.library)]
        return ids[number % len(ids)] if ids else 1

    @rule(word=WORDS, state=STATES, confidence=st.sampled_from([None, 0.3, 0.9]), talk=st.booleans())
    def add(self, word: str, state: PairState, confidence: float | None, talk: bool) -> None:
        pair = new_pair(word, prompt=TALK if talk else user("Why?"), confidence=confidence, language="en")
        add_pairs(self.library, [pair], state=state)

    @rule(number=NUMBERS, state=STATES, decider=st.sampled_from([Decider.PERSON, Decider.RULE]))
    def decide(self, number: int, state: PairState, decider: Decider) -> None:
        with suppress(KnownError):
            curation.decide(self.library, [self.pair_id(number), self.pair_id(number + 1)], state, decider)

    @rule(state=STATES, least=st.sampled_from([None, 0.5]), words=st.sampled_from(["", "good"]))
    def decide_in_bulk(self, state: PairState, least: float | None, words: str) -> None:
        chosen = PairFilter(min_confidence=least, search=words)
        there = count_pairs(self.library, chosen)
        changes = curation.decide_filtered(self.library, chosen, state)
        assert len(changes.pairs) <= sum(there.values())
        assert count_pairs(self.library, chosen)[state] == sum(there.values())

    @rule(number=NUMBERS, word=WORDS)
    def edit(self, number: int, word: str) -> None:
        with suppress(KnownError):
            curation.edit_pair(self.library, self.pair_id(number), good=f"edited {word}")

    @rule(number=NUMBERS)
    def swap(self, number: int) -> None:
        with suppress(KnownError):
            curation.swap_pairs(self.library, [self.pair_id(number)])

    @rule(number=NUMBERS, into=st.sampled_from(SplitInto))
    def split(self, number: int, into: SplitInto) -> None:
        with suppress(KnownError):
            curation.split_pairs(self.library, [self.pair_id(number)], into)

    @rule(first=NUMBERS, second=NUMBERS)
    def merge(self, first: int, second: int) -> None:
        with suppress(KnownError):
            curation.merge_pairs(self.library, self.pair_id(first), self.pair_id(second))

    @rule(word=WORDS)
    def stage(self, word: str) -> None:
        import_id = begin_import(self.library, "file.jsonl", "seed")
        stage_pairs(self.library, import_id, [new_pair(f"{word}{number}", "held") for number in range(3)])
        self.staged.append(import_id)

    @precondition(lambda self: self.staged)
    @rule(state=STATES, keep=st.booleans())
    def end_import(self, state: PairState, keep: bool) -> None:
        import_id = self.staged.pop()
        if keep:
            commit_import(self.library, import_id, state=state, decider=Decider.BULK, report={})
        else:
            drop_import(self.library, import_id)

    @rule()
    def undo(self) -> None:
        before = list_pairs(self.library)
        with suppress(KnownError):
            curation.undo(self.library)
            curation.redo(self.library)
            assert list_pairs(self.library) == before
            curation.undo(self.library)

    @rule()
    def redo(self) -> None:
        with suppress(KnownError):
            curation.redo(self.library)

    @rule(number=NUMBERS)
    def die_in_the_middle(self, number: int) -> None:
        before = list_pairs(self.library)
        with suppress(KnownError, ZeroDivisionError), self.library.transaction():
            curation.decide(self.library, [self.pair_id(number)], PairState.ACCEPTED, Decider.PERSON)
            curation.split_pairs(self.library, [self.pair_id(number)], SplitInto.ANSWERS)
            raise ZeroDivisionError
        self.library.close()
        self.library = Library.open(Path(self.folder.name), write=True)
        recover(self.library)
        self.staged.clear()
        assert list_pairs(self.library) == before

    @invariant()
    def counts_are_those_of_a_recount(self) -> None:
        library = self.library
        rows = library.rows(f"SELECT pairs.*, split FROM pairs JOIN groups ON groups.id = group_id WHERE {VISIBLE}")
        counted = Counter(row["state"] for row in rows)
        assert count_pairs(library) == {state: counted[state.value] for state in PairState}
        sure = PairFilter(min_confidence=0.9, splits=(Split.TRAIN,))
        wanted = [row["id"] for row in rows if row["split"] == "train" and (row["confidence"] or 0) >= 0.9]
        assert [pair.id for pair in list_pairs(library, sure)] == sorted(wanted)
        for facet, name in ((PairFacet.LANGUAGE, "language"), (PairFacet.DECIDER, "decided_by")):
            assert count_by(library, facet) == Counter(row[name] for row in rows)
        assert library.value("SELECT count(*) FROM pair_facets") == library.value("SELECT count(*) FROM pairs")
        assert library.value("SELECT total(pairs) FROM pair_cells") == library.value("SELECT count(*) FROM pairs")


TestCuration = Curation.TestCase
TestCuration.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
