from __future__ import annotations

from lorastudio.domain.pair import Split
from lorastudio.store.groups import assign_splits, get_splits
from lorastudio.store.library import Library


def test_the_first_assignment_wins_for_ever(library: Library) -> None:
    assert assign_splits(library, {"a": Split.HELDOUT, "b": Split.TRAIN}) == {"a": Split.HELDOUT, "b": Split.TRAIN}
    assert assign_splits(library, {"a": Split.TRAIN, "c": Split.QUARANTINED}) == {
        "a": Split.HELDOUT,
        "c": Split.QUARANTINED,
    }
    assert get_splits(library, ["a", "b", "unknown"]) == {"a": Split.HELDOUT, "b": Split.TRAIN}
    assert get_splits(library, []) == {}
