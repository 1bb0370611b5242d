"""Who did what to pairs, and when; and filters that have a name."""

from __future__ import annotations

import pytest

from lorastudio.domain.errors import KnownError
from lorastudio.domain.history import ActionKind, ActionState, Actor, UndoState
from lorastudio.domain.pair import Decider, PairState, Split
from lorastudio.domain.pair_filter import PairFilter
from lorastudio.store.actions import undo_state
from lorastudio.store.groups import assign_splits
from lorastudio.store.history import list_actions, list_pair_history
from lorastudio.store.imports import begin_import, commit_import, stage_pairs
from lorastudio.store.library import Library
from lorastudio.store.pair_reshaping import MadePair, replace_pairs
from lorastudio.store.pairs import decide_pairs, edit_pair, redo, undo
from lorastudio.store.saved_filters import get_filter, list_filters, remove_filter, save_filter
from tests.store.samples import new_pair, stored_pairs


def test_the_history_says_who_did_what_to_how_many(library: Library) -> None:
    ids = stored_pairs(library, *"abc")
    decide_pairs(library, ids[:2], PairState.ACCEPTED, Decider.RULE, "acceptance of 2 pairs")
    decide_pairs(library, ids, PairState.REJECTED, Decider.BULK, "rejection of 3 pairs")
    edit_pair(library, ids[0], good="better")
    undo(library)
    redo(library)
    undo(library)
    actions = list_actions(library)
    assert [(a.kind, a.who, a.num_pairs, a.state) for a in actions] == [
        (ActionKind.EDIT, Actor.PERSON, 1, ActionState.UNDONE),
        (ActionKind.DECIDE, Actor.BULK, 3, ActionState.DONE),
        (ActionKind.DECIDE, Actor.RULE, 2, ActionState.DONE),
    ]
    assert [turn.state for turn in actions[0].turns] == [ActionState.UNDONE, ActionState.DONE, ActionState.UNDONE]
    assert all(turn.at >= actions[0].at for turn in actions[0].turns)
    assert undo_state(library) == UndoState("rejection of 3 pairs", f"edit of pair {ids[0]}")
    assert list_actions(library, limit=1, before_id=actions[0].id) == actions[1:2]
    decide_pairs(library, ids[:1], PairState.PENDING, Decider.NOBODY, "reopening")
    assert [a.state for a in list_actions(library, limit=2)] == [ActionState.DONE, ActionState.DISCARDED]
    assert undo_state(library).redo == ""


def test_the_history_outlives_the_program(library: Library) -> None:
    ids = stored_pairs(library, "a")
    decide_pairs(library, ids, PairState.ACCEPTED, Decider.PERSON, "accept")
    undo(library)
    before = list_actions(library), list_pair_history(library, ids[0])
    library.close()
    with Library.open(library.home, write=False) as again:
        assert (list_actions(again), list_pair_history(again, ids[0])) == before
        assert undo_state(again) == UndoState("", "accept")


def test_a_pair_has_a_history_from_its_coming_on(library: Library) -> None:
    first, second = stored_pairs(library, "a", "b")
    decide_pairs(library, [first, second], PairState.ACCEPTED, Decider.PERSON, "acceptance of 2 pairs")
    edit_pair(library, first, good="better")
    came, accepted, edited = list_pair_history(library, first)
    assert (came.what, came.who, came.before) == ("drafted", None, {})
    assert (accepted.before["state"], accepted.after["state"], accepted.who) == ("pending", "accepted", Actor.PERSON)
    assert (edited.before["good"], edited.after["good"]) == ("good a", "better")
    assert came.at <= accepted.at <= edited.at
    assert len(list_pair_history(library, second)) == 2
    with pytest.raises(KnownError, match="no pair 99"):
        list_pair_history(library, 99)


def test_an_imported_pair_came_by_its_import(library: Library) -> None:
    assign_splits(library, {"group": Split.TRAIN})
    import_id = begin_import(library, "/data/file.jsonl", "seed")
    stage_pairs(library, import_id, [new_pair("a")])
    (pair_id,) = commit_import(library, import_id, state=PairState.PENDING, decider=Decider.NOBODY, report={}).pairs
    (came,) = list_pair_history(library, pair_id)
    assert (came.what, came.who, came.label) == (ActionKind.IMPORT, Actor.IMPORT, "import of file.jsonl")
    undo(library)
    redo(library)
    (came,) = list_pair_history(library, pair_id)
    assert [turn.state for turn in came.turns] == [ActionState.UNDONE, ActionState.DONE]


def test_filters_can_be_saved_replaced_and_forgotten(library: Library) -> None:
    waiting = PairFilter(states=(PairState.PENDING,), search='"Solução" copper')
    save_filter(library, "to do", waiting)
    save_filter(library, "sure", PairFilter(min_confidence=0.8))
    save_filter(library, "sure", PairFilter(min_confidence=0.9))
    library.close()
    with Library.open(library.home, write=True) as again:
        assert get_filter(again, "to do") == waiting
        assert [(saved.name, saved.filter.min_confidence) for saved in list_filters(again)] == [
            ("sure", 0.9),
            ("to do", None),
        ]
        remove_filter(again, "sure")
        for missing in (get_filter, remove_filter):
            with pytest.raises(KnownError, match="no saved filter sure"):
                missing(again, "sure")


def test_a_part_of_an_imported_pair_came_by_the_split(library: Library) -> None:
    assign_splits(library, {"group": Split.TRAIN})
    import_id = begin_import(library, "/data/file.jsonl", "seed")
    stage_pairs(library, import_id, [new_pair("a")])
    (pair_id,) = commit_import(library, import_id, state=PairState.PENDING, decider=Decider.NOBODY, report={}).pairs
    good = MadePair(new_pair("a", bad=None, import_id=import_id), PairState.PENDING, Decider.NOBODY)
    changes = replace_pairs(library, ActionKind.SPLIT, "split", gone=[pair_id], made=[good])
    (part,) = (one for one in changes.pairs if one != pair_id)
    assert [entry.what for entry in list_pair_history(library, part)] == [ActionKind.SPLIT]
