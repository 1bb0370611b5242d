from __future__ import annotations

import pytest

from lorastudio.domain.errors import BugError, KnownError
from lorastudio.domain.messages import Message, user
from lorastudio.domain.pair import Decider, Origin, PairOrder, PairState, Split
from lorastudio.domain.pair_filter import PairFilter
from lorastudio.store.groups import assign_splits
from lorastudio.store.library import Library
from lorastudio.store.pairs import (
    add_pairs,
    count_pairs,
    decide_pairs,
    edit_pair,
    get_original,
    get_pair,
    get_pairs,
    list_pairs,
    pair_hash,
    pair_ids,
    undo,
)
from tests.store.samples import first_question_id, new_cycle, new_pair, stored_pairs


def goods(library: Library, **filters: object) -> list[str | None]:
    return [pair.good for pair in list_pairs(library, PairFilter(**filters))]


def test_a_pair_comes_back_as_it_was(library: Library) -> None:
    assign_splits(library, {"copper": Split.HELDOUT})
    question_id = first_question_id(library)
    new = new_pair(
        "x",
        "copper",
        prompt=(Message("system", "Be brief."), Message("user", "Report")),
        language="pt",
        margin=0.5,
        confidence=0.9,
        iteration=3,
        question_id=question_id,
        lint=("length ratio",),
        extra={"source": "book", "page": 3},
    )
    (pair_id,) = add_pairs(library, [new], state=PairState.ACCEPTED, decided_by=Decider.RULE).ids
    pair = get_pair(library, pair_id)
    for name in ("prompt", "good", "bad", "group", "origin", "language", "margin", "confidence", "iteration"):
        assert getattr(pair, name) == getattr(new, name)
    assert (pair.question_id, pair.lint, pair.extra) == (question_id, new.lint, new.extra)
    assert (pair.state, pair.decided_by, pair.split) == (PairState.ACCEPTED, Decider.RULE, Split.HELDOUT)
    assert pair.text_hash == pair_hash(new)
    assert pair.created_at.endswith("Z")


@pytest.mark.parametrize("side", ["good", "bad"])
def test_a_pair_may_have_one_side_only(library: Library, side: str) -> None:
    assign_splits(library, {"group": Split.TRAIN})
    (pair_id,) = add_pairs(library, [new_pair("x", **{side: None})]).ids
    assert getattr(get_pair(library, pair_id), side) is None


def test_a_pair_without_any_side_is_refused(library: Library) -> None:
    assign_splits(library, {"group": Split.TRAIN})
    with pytest.raises(BugError):
        add_pairs(library, [new_pair("x", good=None, bad=None)])


def test_a_group_without_a_split_is_refused_and_nothing_comes_in(library: Library) -> None:
    assign_splits(library, {"group": Split.TRAIN})
    with pytest.raises(BugError, match="'other'"):
        add_pairs(library, [new_pair("a"), new_pair("b", "other")])
    assert list_pairs(library) == []


def test_equal_pairs_are_one(library: Library) -> None:
    stored_pairs(library, "a")
    added = add_pairs(library, [new_pair("a", confidence=0.1), new_pair("b"), new_pair("b"), new_pair("c", bad=None)])
    assert (len(added.ids), added.duplicates) == (2, 2)
    assert goods(library) == ["good a", "good b", "good c"]


def test_what_makes_a_pair_equal() -> None:
    assert pair_hash(new_pair("a")) == pair_hash(new_pair("a", "other group", margin=0.3))
    different = [new_pair("a"), new_pair("a", good=None), new_pair("a", bad=""), new_pair("a", prompt=user("b"))]
    assert len({pair_hash(pair) for pair in different}) == 4


def test_pairs_are_paged_by_id(library: Library) -> None:
    ids = stored_pairs(library, *"abcde")
    first = list_pairs(library, limit=2)
    assert [pair.id for pair in first] == list(ids[:2])
    assert [pair.id for pair in list_pairs(library, limit=2, after_id=first[-1].id)] == list(ids[2:4])
    assert list_pairs(library, after_id=ids[-1]) == []


def test_pairs_are_filtered_by_state_cycle_and_split(library: Library) -> None:
    cycle = new_cycle(library)
    assign_splits(library, {"group": Split.TRAIN, "held": Split.HELDOUT, "near": Split.QUARANTINED})
    pairs = [new_pair("a", cycle_id=cycle.id), new_pair("b", "held", cycle_id=cycle.id), new_pair("c", "near")]
    ids = add_pairs(library, pairs).ids
    decide_pairs(library, ids[:1], PairState.ACCEPTED, Decider.PERSON, "accept")
    assert goods(library, states=(PairState.ACCEPTED,)) == ["good a"]
    assert goods(library, states=(PairState.PENDING,)) == ["good b", "good c"]
    assert goods(library, cycles=(cycle.id,)) == ["good a", "good b"]
    assert goods(library, splits=(Split.HELDOUT, Split.QUARANTINED)) == ["good b", "good c"]
    assert goods(library, splits=(Split.HELDOUT,), cycles=(cycle.id,), states=(PairState.PENDING,)) == ["good b"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("solução", ["b"]),
        ("SOLUCAO", ["b"]),
        ("solu 650", ["b"]),
        ("report", ["a", "b"]),
        ("ask", ["c"]),
        ("well-made", ["c"]),
        ("content", []),
        ("user", []),
        ('"quoted', ["c"]),
        ("AND OR NOT", []),
        ("  ", ["a", "b", "c"]),
        ("%", []),
    ],
)
def test_search_finds_beginnings_of_words_in_all_texts(library: Library, search: str, found: list[str]) -> None:
    assign_splits(library, {"group": Split.TRAIN})
    add_pairs(
        library,
        [
            new_pair("a", prompt=user("Report: copper"), good="a", bad="nothing"),
            new_pair("b", prompt=user("Report"), good="b", bad="Uma solução a 650 K."),
            new_pair("c", good="c", bad='A well-made "quoted" thing'),
        ],
    )
    assert goods(library, search=search) == found


def test_search_goes_with_the_other_filters(library: Library) -> None:
    ids = stored_pairs(library, "copper 1", "iron", "copper 2", "copper 3")
    decide_pairs(library, [ids[0]], PairState.REJECTED, Decider.PERSON, "reject")
    assert goods(library, search="copper", states=(PairState.PENDING,)) == ["good copper 2", "good copper 3"]
    page = list_pairs(library, PairFilter(search="copper"), after_id=ids[0], limit=1)
    assert [pair.good for pair in page] == ["good copper 2"]


def test_pairs_are_counted_by_state(library: Library) -> None:
    ids = stored_pairs(library, *"abc")
    decide_pairs(library, ids[:2], PairState.ACCEPTED, Decider.PERSON, "accept")
    assert count_pairs(library) == {PairState.PENDING: 1, PairState.ACCEPTED: 2, PairState.REJECTED: 0}


def test_a_decision_says_what_it_changed(library: Library) -> None:
    ids = stored_pairs(library, *"abc")
    changes = decide_pairs(library, ids[:2], PairState.ACCEPTED, Decider.PERSON, "accept 2 pairs")
    assert (changes.pairs, changes.undo_label) == (ids[:2], "accept 2 pairs")
    pair = get_pair(library, ids[0])
    assert (pair.state, pair.decided_by) == (PairState.ACCEPTED, Decider.PERSON)


def test_a_decision_that_changes_nothing_is_no_undo_step(library: Library) -> None:
    ids = stored_pairs(library, "a", "b")
    decide_pairs(library, ids, PairState.ACCEPTED, Decider.PERSON, "accept")
    again = decide_pairs(library, ids, PairState.ACCEPTED, Decider.PERSON, "accept again")
    assert (again.pairs, again.undo_label) == ((), "")
    assert undo(library).undo_label == "accept"


def test_a_person_may_confirm_what_the_rule_accepted(library: Library) -> None:
    ids = stored_pairs(library, "a")
    decide_pairs(library, ids, PairState.ACCEPTED, Decider.RULE, "rule")
    assert decide_pairs(library, ids, PairState.ACCEPTED, Decider.PERSON, "accept").pairs == ids
    assert get_pair(library, ids[0]).decided_by is Decider.PERSON


def test_a_decision_on_a_pair_that_does_not_exist_changes_nothing(library: Library) -> None:
    ids = stored_pairs(library, "a")
    with pytest.raises(KnownError, match="no pair 99"):
        decide_pairs(library, [*ids, 99], PairState.ACCEPTED, Decider.PERSON, "accept")
    assert get_pair(library, ids[0]).state is PairState.PENDING
    with pytest.raises(KnownError, match="no pair 99"):
        get_pair(library, 99)


def test_an_edited_pair_keeps_its_state_and_its_original(library: Library) -> None:
    (pair_id,) = stored_pairs(library, "a")
    original = get_pair(library, pair_id)
    assert get_original(library, pair_id) is None
    decide_pairs(library, [pair_id], PairState.ACCEPTED, Decider.PERSON, "accept")
    assert edit_pair(library, pair_id, good="better").pairs == (pair_id,)
    edit_pair(library, pair_id, bad="worse", prompt=user("New"), lint=("trivial edit",))
    edited = get_pair(library, pair_id)
    assert (edited.prompt, edited.good, edited.bad) == (user("New"), "better", "worse")
    assert (edited.state, edited.origin, edited.lint) == (PairState.ACCEPTED, Origin.EDITED, ("trivial edit",))
    assert edited.text_hash == pair_hash(edited)
    before = get_original(library, pair_id)
    assert before is not None
    assert (before.prompt, before.good, before.bad) == (original.prompt, "good a", "bad a")
    assert (before.origin, before.text_hash) == (Origin.DRAFTED, original.text_hash)
    assert goods(library, search="better worse new") == ["better"]
    assert goods(library, search="ask") == []


def test_an_edit_that_changes_nothing_is_no_undo_step(library: Library) -> None:
    (pair_id,) = stored_pairs(library, "a")
    assert edit_pair(library, pair_id, good="good a").pairs == ()
    assert get_pair(library, pair_id).origin is Origin.DRAFTED


def test_an_edit_to_what_another_pair_says_is_refused(library: Library) -> None:
    first, second = stored_pairs(library, "a", "b")
    same_as_second = {"prompt": user("Ask b"), "good": "good b", "bad": "bad b"}
    with pytest.raises(KnownError, match=f"Pair {second} says"):
        edit_pair(library, first, **same_as_second)
    edit_pair(library, second, good="changed")
    with pytest.raises(KnownError, match=f"Pair {second} says, or said"):
        edit_pair(library, first, **same_as_second)
    assert get_pair(library, first).good == "good a"


def test_an_edit_may_return_to_an_earlier_text(library: Library) -> None:
    (pair_id,) = stored_pairs(library, "a")
    edit_pair(library, pair_id, good="better")
    edit_pair(library, pair_id, good="good a")
    assert get_pair(library, pair_id).good == "good a"


def test_the_text_before_an_edit_does_not_come_in_again(library: Library) -> None:
    (pair_id,) = stored_pairs(library, "a")
    edit_pair(library, pair_id, good="better")
    assert add_pairs(library, [new_pair("a")]).duplicates == 1
    undo(library)
    assert add_pairs(library, [new_pair("a", good="better")]).duplicates == 1
    assert goods(library) == ["good a"]


def test_texts_keep_every_character(library: Library) -> None:
    text = "NUL \0, tab\t, \u2028 line, 🧪, \x7f, quote ' \" \\ end"
    (pair_id,) = stored_pairs(library, text)
    edit_pair(library, pair_id, bad=text + "!")
    assert (get_pair(library, pair_id).good, get_pair(library, pair_id).bad) == (f"good {text}", text + "!")
    undo(library)
    pair = get_pair(library, pair_id)
    assert (pair.prompt, pair.good, pair.bad) == (user(f"Ask {text}"), f"good {text}", f"bad {text}")
    assert pair.text_hash == pair_hash(pair)


def test_ids_come_in_the_order_that_is_asked_for_with_unknown_figures_last(library: Library) -> None:
    assign_splits(library, {"group": Split.TRAIN})
    figures = {"a": (0.2, 0.9), "b": (None, None), "c": (0.5, 0.7), "d": (0.2, 0.8)}
    added = add_pairs(library, [new_pair(text, margin=m, confidence=c) for text, (m, c) in figures.items()]).ids
    a, b, c, d = added
    assert list(pair_ids(library)) == [a, b, c, d]
    assert list(pair_ids(library, order=PairOrder.MARGIN)) == [c, a, d, b]
    assert list(pair_ids(library, order=PairOrder.CONFIDENCE)) == [a, d, c, b]


def test_ids_are_filtered_by_state_words_and_confidence(library: Library) -> None:
    assign_splits(library, {"group": Split.TRAIN})
    sure, unsure, other = add_pairs(
        library, [new_pair("tin", confidence=0.9), new_pair("tin ore", confidence=0.5), new_pair("lead")]
    ).ids
    decide_pairs(library, [other], PairState.REJECTED, Decider.PERSON, "reject")
    waiting = (PairState.PENDING,)
    assert list(pair_ids(library, PairFilter(states=waiting))) == [sure, unsure]
    assert list(pair_ids(library, PairFilter(search="tin", min_confidence=0.9))) == [sure]
    assert list(pair_ids(library, PairFilter(search='"lead', states=waiting))) == []


def test_pairs_are_read_by_id_in_the_order_of_the_ids(library: Library) -> None:
    a, b, c = stored_pairs(library, "a", "b", "c")
    assert [pair.good for pair in get_pairs(library, [c, 999, a, b])] == ["good c", "good a", "good b"]
