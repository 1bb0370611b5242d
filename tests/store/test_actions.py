"""Undo and redo, also against a model of what they should do."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lorastudio.domain.changes import Changes
from lorastudio.domain.errors import KnownError
from lorastudio.domain.messages import user
from lorastudio.domain.pair import Decider, Pair, PairState
from lorastudio.store.imports import begin_import, commit_import, stage_pairs
from lorastudio.store.library import Library
from lorastudio.store.pairs import decide_pairs, edit_pair, get_original, get_pair, list_pairs, redo, undo
from tests.store.samples import new_pair, stored_pairs


def test_undo_takes_back_the_last_action_first(library: Library) -> None:
    (pair_id,) = ids = stored_pairs(library, "a")
    before = get_pair(library, pair_id)
    decide_pairs(library, ids, PairState.ACCEPTED, Decider.PERSON, "accept")
    accepted = get_pair(library, pair_id)
    edit_pair(library, pair_id, good="better")
    changes = undo(library)
    assert (changes.pairs, changes.undo_label) == (ids, f"edit of pair {pair_id}")
    assert get_pair(library, pair_id) == accepted
    assert get_original(library, pair_id) is None
    assert undo(library).undo_label == "accept"
    assert get_pair(library, pair_id) == before
    with pytest.raises(KnownError, match="nothing to undo"):
        undo(library)


def test_undo_gives_each_pair_its_own_earlier_state(library: Library) -> None:
    first, second, third = ids = stored_pairs(library, "a", "b", "c")
    decide_pairs(library, [first], PairState.ACCEPTED, Decider.PERSON, "accept")
    decide_pairs(library, [second], PairState.REJECTED, Decider.RULE, "reject")
    before = list_pairs(library)
    decide_pairs(library, ids, PairState.REJECTED, Decider.BULK, "reject all")
    undo(library)
    assert list_pairs(library) == before
    assert get_pair(library, third).state is PairState.PENDING


def test_redo_does_again_what_was_taken_back_last(library: Library) -> None:
    (pair_id,) = ids = stored_pairs(library, "a")
    decide_pairs(library, ids, PairState.ACCEPTED, Decider.PERSON, "accept")
    edit_pair(library, pair_id, good="better")
    after = get_pair(library, pair_id)
    undo(library)
    undo(library)
    assert redo(library).undo_label == "accept"
    assert redo(library).pairs == ids
    assert get_pair(library, pair_id) == after
    with pytest.raises(KnownError, match="nothing to redo"):
        redo(library)


def test_a_new_action_ends_what_can_be_redone(library: Library) -> None:
    ids = stored_pairs(library, "a")
    decide_pairs(library, ids, PairState.ACCEPTED, Decider.PERSON, "accept")
    undo(library)
    decide_pairs(library, ids, PairState.REJECTED, Decider.PERSON, "reject")
    with pytest.raises(KnownError, match="nothing to redo"):
        redo(library)
    assert undo(library).undo_label == "reject"
    assert redo(library).undo_label == "reject"


def test_undo_outlives_the_program(library: Library) -> None:
    ids = stored_pairs(library, "a")
    decide_pairs(library, ids, PairState.ACCEPTED, Decider.PERSON, "accept")
    library.close()
    with Library.open(library.home, write=True) as again:
        assert undo(again).undo_label == "accept"
        assert get_pair(again, ids[0]).state is PairState.PENDING


class Model:
    """What undo and redo should do: whole states on two stacks."""

    def __init__(self, now: list[Pair]) -> None:
        self.now, self.past, self.future = now, list[list[Pair]](), list[list[Pair]]()

    def do(self, after: list[Pair]) -> None:
        if after != self.now:
            self.past.append(self.now)
            self.now, self.future = after, []

    def undo(self) -> None:
        if self.past:
            self.future.append(self.now)
            self.now = self.past.pop()

    def redo(self) -> None:
        if self.future:
            self.past.append(self.now)
            self.now = self.future.pop()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("decide"), st.sets(st.integers(0, 3)), st.sampled_from(PairState)),
        st.tuples(st.just("edit"), st.integers(0, 3), st.sampled_from("xyz")),
        st.tuples(st.just("import"), st.sampled_from("pqr"), st.sampled_from(PairState)),
        st.tuples(st.just("undo")),
        st.tuples(st.just("redo")),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_any_sequence_of_actions_can_be_walked_back_and_forth(steps: list[tuple]) -> None:
    with tempfile.TemporaryDirectory() as home, Library.open(Path(home), write=True) as library:
        stored_pairs(library, *"abcd")
        model = Model(list_pairs(library))
        for verb, *arguments in steps:
            if verb in ("undo", "redo"):
                turn(library, undo if verb == "undo" else redo)
                getattr(model, verb)()
            else:
                ACTIONS[verb](library, [pair.id for pair in list_pairs(library)], *arguments)
                model.do(list_pairs(library))
            assert list_pairs(library) == model.now


def turn(library: Library, direction: Callable[[Library], Changes]) -> None:
    with suppress(KnownError):
        direction(library)


def decide(library: Library, ids: list[int], which: set[int], state: PairState) -> None:
    decide_pairs(library, [ids[index] for index in which], state, Decider.PERSON, "decide")


def edit(library: Library, ids: list[int], which: int, text: str) -> None:
    with suppress(KnownError):  # another pair says so already
        edit_pair(library, ids[which], good=text, bad=text, prompt=user(text))


def bring_in(library: Library, ids: list[int], text: str, state: PairState) -> None:
    import_id = begin_import(library, "file.jsonl", "seed")
    stage_pairs(library, import_id, [new_pair(text), new_pair(text + "2")])
    commit_import(library, import_id, state=state, decider=Decider.BULK, report={})


ACTIONS = {"decide": decide, "edit": edit, "import": bring_in}
