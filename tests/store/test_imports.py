from __future__ import annotations

import pytest

from lorastudio.domain.errors import BugError
from lorastudio.domain.pair import Decider, PairState, Split
from lorastudio.domain.pair_filter import PairFilter
from lorastudio.store.actions import redo, undo
from lorastudio.store.groups import assign_splits
from lorastudio.store.imports import begin_import, commit_import, drop_import, stage_pairs, sweep_imports
from lorastudio.store.json_text import from_json
from lorastudio.store.library import Library
from lorastudio.store.pairs import add_pairs, count_pairs, decide_pairs, edit_pair, get_pair, list_pairs
from tests.store.samples import new_pair


@pytest.fixture(autouse=True)
def group(library: Library) -> None:
    assign_splits(library, {"group": Split.TRAIN})


def staged(library: Library, *texts: str) -> int:
    import_id = begin_import(library, "/data/file.jsonl", "seed")
    stage_pairs(library, import_id, [new_pair(text) for text in texts])
    return import_id


def commit(library: Library, import_id: int) -> tuple[int, ...]:
    return commit_import(library, import_id, state=PairState.PENDING, decider=Decider.NOBODY, report={}).pairs


def goods(library: Library, **filters: object) -> list[str | None]:
    return [pair.good for pair in list_pairs(library, PairFilter(**filters))]


def stored_rows(library: Library) -> int:
    return int(library.value("SELECT count(*) FROM pairs"))


def test_staged_pairs_are_seen_by_nobody_until_the_commit(library: Library) -> None:
    import_id = staged(library, "a", "b")
    (hidden,) = (row[0] for row in library.rows("SELECT min(id) FROM pairs"))
    assert goods(library) == goods(library, search="good") == goods(library, states=(PairState.PENDING,)) == []
    assert sum(count_pairs(library).values()) == 0
    for refused in (
        lambda: get_pair(library, hidden),
        lambda: edit_pair(library, hidden, good="x"),
        lambda: decide_pairs(library, [hidden], PairState.ACCEPTED, Decider.PERSON, "accept"),
    ):
        with pytest.raises(Exception, match="no pair"):
            refused()
    changes = commit_import(library, import_id, state=PairState.ACCEPTED, decider=Decider.BULK, report={"rows_read": 2})
    assert changes.undo_label == "import of file.jsonl"
    assert changes.pairs == tuple(pair.id for pair in list_pairs(library, PairFilter(search="good")))
    assert count_pairs(library)[PairState.ACCEPTED] == 2
    assert {(pair.decided_by, pair.import_id) for pair in list_pairs(library)} == {(Decider.BULK, import_id)}
    assert from_json(library.value("SELECT report FROM imports")) == {"rows_read": 2}


def test_a_decision_known_from_the_start_needs_no_update_of_the_pairs(library: Library) -> None:
    import_id = begin_import(library, "f", "seed", state=PairState.ACCEPTED, decider=Decider.BULK)
    stage_pairs(library, import_id, [new_pair("a")])
    before = library.db.conn.total_changes
    commit_import(library, import_id, state=PairState.ACCEPTED, decider=Decider.BULK, report={})
    assert library.db.conn.total_changes - before == 2  # the import and the action
    assert count_pairs(library)[PairState.ACCEPTED] == 1


def test_duplicates_within_a_file_and_against_the_library_are_counted(library: Library) -> None:
    add_pairs(library, [new_pair("a")])
    import_id = begin_import(library, "f", "seed")
    added = stage_pairs(library, import_id, [new_pair("a"), new_pair("b"), new_pair("b")])
    assert (len(added.ids), added.duplicates) == (1, 2)
    assert stage_pairs(library, import_id, [new_pair("b"), new_pair("c")]).duplicates == 1
    commit(library, import_id)
    assert goods(library) == ["good a", "good b", "good c"]


def test_undo_removes_the_whole_import_from_view_and_redo_brings_it_back(library: Library) -> None:
    ids = commit(library, staged(library, "a", "b"))
    decide_pairs(library, ids[:1], PairState.ACCEPTED, Decider.PERSON, "accept")
    undo(library)
    changes = undo(library)
    assert (changes.pairs, changes.undo_label) == (ids, "import of file.jsonl")
    assert goods(library) == []
    assert redo(library).pairs == ids
    redo(library)
    assert [pair.state for pair in list_pairs(library)] == [PairState.ACCEPTED, PairState.PENDING]


def test_an_undone_file_can_be_imported_again(library: Library) -> None:
    commit(library, staged(library, "a", "b"))
    undo(library)
    import_id = begin_import(library, "f", "seed")
    assert stage_pairs(library, import_id, [new_pair("a"), new_pair("b")]).duplicates == 0
    commit(library, import_id)
    assert goods(library) == ["good a", "good b"]
    assert stored_rows(library) == 2


def test_a_pair_that_was_edited_before_its_import_was_undone_is_no_obstacle(library: Library) -> None:
    ids = commit(library, staged(library, "a"))
    edit_pair(library, ids[0], good="better")
    undo(library)
    undo(library)
    assert add_pairs(library, [new_pair("a"), new_pair("a", good="better")]).duplicates == 0


def test_a_drafted_pair_goes_before_an_equal_staged_one(library: Library) -> None:
    import_id = staged(library, "a", "b")
    assert len(add_pairs(library, [new_pair("a")]).ids) == 1
    assert goods(library) == ["good a"]
    drop_import(library, import_id)
    assert goods(library) == ["good a"]


def test_two_imports_at_once_count_each_others_pairs(library: Library) -> None:
    first = staged(library, "a")
    second = begin_import(library, "g", "seed")
    assert stage_pairs(library, second, [new_pair("a"), new_pair("b")]).duplicates == 1
    commit(library, second)
    commit(library, first)
    assert sorted(goods(library)) == ["good a", "good b"]


def test_a_commit_without_new_pairs_is_no_undo_step(library: Library) -> None:
    assert commit(library, begin_import(library, "empty.jsonl", "seed")) == ()
    with pytest.raises(Exception, match="nothing to undo"):
        undo(library)


def test_an_import_that_is_given_up_leaves_nothing(library: Library) -> None:
    import_id = staged(library, "a")
    drop_import(library, import_id)
    assert stored_rows(library) == 0
    assert goods(library, search="good") == []
    for late in (lambda: commit(library, import_id), lambda: stage_pairs(library, import_id, [new_pair("b")])):
        with pytest.raises(BugError, match="waits for its commit"):
            late()


def test_the_sweep_removes_what_unfinished_imports_left(library: Library) -> None:
    staged(library, "a")
    kept = commit(library, staged(library, "b"))
    staged(library, "c")
    assert sweep_imports(library) == 2
    assert tuple(pair.id for pair in list_pairs(library)) == kept
    assert stored_rows(library) == 1
    assert sweep_imports(library) == 0


def test_the_sweep_keeps_an_undone_import_while_it_can_be_redone(library: Library) -> None:
    commit(library, staged(library, "a"))
    undo(library)
    assert sweep_imports(library) == 0
    redo(library)
    assert goods(library) == ["good a"]
    undo(library)
    commit(library, staged(library, "b"))
    assert sweep_imports(library) == 0
    assert stored_rows(library) == 1


def test_ids_of_removed_pairs_are_not_given_again(library: Library) -> None:
    staged(library, "a", "b")
    sweep_imports(library)
    assert add_pairs(library, [new_pair("c")]).ids == (3,)
