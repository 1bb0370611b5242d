from __future__ import annotations

import pytest

from lorastudio.domain.draft import CycleState
from lorastudio.domain.errors import KnownError
from lorastudio.domain.pair import Split
from lorastudio.store.cycles import (
    count_pairs,
    count_questions,
    get_cycle,
    get_stage,
    list_cycles,
    set_cycle_state,
    set_stage,
)
from lorastudio.store.groups import assign_splits
from lorastudio.store.library import Library
from lorastudio.store.pairs import add_pairs
from tests.store.samples import new_cycle, new_pair


def test_a_new_cycle_is_drafting(library: Library) -> None:
    cycle = new_cycle(library)
    assert cycle.state is CycleState.RUNNING
    assert (cycle.seed, cycle.max_iterations, cycle.writer, cycle.critic) == (7, 6, "local", "critic")
    assert cycle.settings == {"score": 0.9}
    assert get_stage(library, cycle.id) == ("drafting", {})
    assert count_questions(library, cycle.id) == 2
    assert get_cycle(library, cycle.id) == cycle


def test_the_stage_is_remembered_with_what_goes_on_needs(library: Library) -> None:
    cycle = new_cycle(library)
    set_stage(library, cycle.id, "training", {"run": 3})
    stage = get_stage(library, cycle.id)
    assert (stage.name, stage.data) == ("training", {"run": 3})


def test_cycles_are_listed_by_state(library: Library) -> None:
    first, second = new_cycle(library), new_cycle(library)
    set_cycle_state(library, first.id, CycleState.FINISHED)
    assert [cycle.id for cycle in list_cycles(library)] == [first.id, second.id]
    assert list_cycles(library, CycleState.RUNNING) == [second]


def test_the_pairs_of_a_cycle_are_counted(library: Library) -> None:
    cycle, other = new_cycle(library), new_cycle(library)
    assign_splits(library, {"group": Split.TRAIN})
    add_pairs(library, [new_pair("a", cycle_id=cycle.id), new_pair("b", cycle_id=cycle.id), new_pair("c")])
    assert count_pairs(library, cycle.id) == 2
    assert count_pairs(library, other.id) == 0


def test_a_cycle_that_does_not_exist_is_said(library: Library) -> None:
    with pytest.raises(KnownError, match="no cycle 9"):
        get_cycle(library, 9)
    with pytest.raises(KnownError, match="no cycle 9"):
        get_stage(library, 9)
