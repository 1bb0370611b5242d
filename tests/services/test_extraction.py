"""A cycle's pairs: ordered, judged against the library, made once."""

from __future__ import annotations

from lorastudio.domain.pair import Decider, PairState, Split
from lorastudio.services.curation import decide, edit_pair
from lorastudio.services.extraction import extract_cycle
from lorastudio.store.groups import assign_splits
from lorastudio.store.library import Library
from lorastudio.store.pairs import list_pairs
from tests.services.drafted import drafted_cycle


def test_pairs_are_ordered_by_question_and_wait_for_review(empty_library: Library) -> None:
    cycle = drafted_cycle(empty_library, {"Why so?": [0.2, 0.0, None, 1.0], "How so?": [0.5, 0.75], "Who?": [1.0, 0.9]})
    changes = extract_cycle(empty_library, cycle)
    pairs = list_pairs(empty_library)
    assert changes.pairs == tuple(pair.id for pair in pairs) == (1, 2, 3)
    assert [pair.prompt[0].content for pair in pairs] == ["Why so?", "Why so?", "How so?"]
    assert [pair.margin for pair in pairs] == [1.0, 0.8, 0.25]
    assert {pair.state for pair in pairs} == {PairState.PENDING}
    assert {pair.cycle_id for pair in pairs} == {cycle}


def test_extracting_twice_adds_nothing_even_after_an_edit(empty_library: Library) -> None:
    cycle = drafted_cycle(empty_library, {"Why so?": [0.0, 1.0], "How so?": [0.0, 1.0]})
    first = extract_cycle(empty_library, cycle)
    edit_pair(empty_library, first.pairs[0], good="Something better.")
    decide(empty_library, first.pairs, PairState.REJECTED, Decider.PERSON)
    assert extract_cycle(empty_library, cycle).pairs == ()
    assert len(list_pairs(empty_library)) == 2


def test_what_was_drafted_later_is_added(empty_library: Library) -> None:
    extract_cycle(empty_library, drafted_cycle(empty_library, {"Why so?": [0.0, 1.0]}))
    second = drafted_cycle(empty_library, {"When so?": [0.0, 1.0]})
    assert extract_cycle(empty_library, second).pairs == (2,)


def test_a_question_that_was_held_out_under_another_group_is_quarantined(empty_library: Library) -> None:
    cycle = drafted_cycle(empty_library, {"Why so?": [0.0, 1.0]})
    group = next(iter({question_group(empty_library, cycle)}))
    assign_splits(empty_library, {group: Split.HELDOUT})
    extract_cycle(empty_library, cycle)
    other = drafted_cycle(empty_library, {"Why, so?!": [0.0, 1.0], "Why  so": [0.25, 1.0]})
    empty_library.execute("UPDATE questions SET group_name = 'c' WHERE cycle_id = ?", (other,))
    extract_cycle(empty_library, other)
    assert [pair.split for pair in list_pairs(empty_library)] == [Split.HELDOUT, Split.QUARANTINED, Split.QUARANTINED]


def question_group(empty_library: Library, cycle: int) -> str:
    return str(empty_library.value("SELECT group_name FROM questions WHERE cycle_id = ?", (cycle,)))
