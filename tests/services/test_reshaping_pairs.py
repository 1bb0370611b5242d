"""Pairs swapped, taken apart and put together: one undo step each, and nothing is lost or trained on twice."""

from __future__ import annotations

from typing import Any

import pytest

from lorastudio.domain.errors import KnownError, UsageError
from lorastudio.domain.messages import Message, user
from lorastudio.domain.pair import Decider, NewPair, Origin, Pair, PairState, Split
from lorastudio.domain.pair_filter import PairFilter
from lorastudio.services import curation
from lorastudio.services.curation import SplitInto, find_pairs
from lorastudio.store.critiques import add_critique
from lorastudio.store.drafts import start_draft
from lorastudio.store.groups import assign_splits
from lorastudio.store.history import list_pair_history
from lorastudio.store.library import Library
from lorastudio.store.pairs import add_pairs, get_original, get_pair, list_pairs
from tests.store.samples import first_question_id, sent_call

TALK = (
    Message("system", "Be brief."),
    Message("user", "Which metal?"),
    Message("assistant", "Copper."),
    Message("user", "How hot?"),
    Message("assistant", "650 K."),
    Message("user", "How long?"),
)


def add(library: Library, state: PairState = PairState.PENDING, **changes: Any) -> int:
    values: dict[str, Any] = {
        "prompt": user("Why is it so?"),
        "good": "Because light is scattered by the air.",
        "bad": "Nobody can know why it should be so.",
        "group": "g",
        "origin": Origin.DRAFTED,
    }
    values |= changes
    assign_splits(library, {values["group"]: Split.TRAIN})
    decider = Decider.NOBODY if state is PairState.PENDING else Decider.PERSON
    (pair_id,) = add_pairs(library, [NewPair(**values)], state=state, decided_by=decider).ids
    return pair_id


def scored_draft(library: Library, question_id: int, iteration: int, score: float) -> int:
    call = sent_call(library, question_id, f"{question_id}/{iteration}")
    draft = start_draft(library, question_id, iteration, call.id)
    add_critique(
        library, draft_id=draft.id, call_ids=[call.id], score=score, spread=0.1, scores={}, issues=[], abstained=False
    )
    return draft.id


def sides(pairs: list[Pair]) -> list[tuple[str | None, str | None]]:
    return [(pair.good, pair.bad) for pair in pairs]


def test_a_swap_turns_the_pair_round_with_its_drafts_and_drops_what_was_measured(empty_library: Library) -> None:
    question_id = first_question_id(empty_library)
    low, high = (scored_draft(empty_library, question_id, n, score) for n, score in ((1, 0.2), (4, 0.9)))
    pair_id = add(empty_library, margin=0.7, confidence=0.9, iteration=4, good_draft_id=high, bad_draft_id=low)
    before = get_pair(empty_library, pair_id)
    changes = curation.swap_pairs(empty_library, [pair_id])
    assert (changes.pairs, changes.undo_label) == ((pair_id,), f"swap of pair {pair_id}")
    after = get_pair(empty_library, pair_id)
    assert (after.good, after.bad) == (before.bad, before.good)
    assert (after.good_draft_id, after.bad_draft_id, after.iteration) == (low, high, 1)
    assert (after.margin, after.confidence, after.origin) == (None, None, Origin.EDITED)
    original = get_original(empty_library, pair_id)
    assert original is not None
    assert original.good == before.good
    curation.undo(empty_library)
    assert get_pair(empty_library, pair_id) == before


def test_many_pairs_are_swapped_as_one_step_or_not_at_all(empty_library: Library) -> None:
    one, other = add(empty_library, good="1", bad="2"), add(empty_library, good="3", bad=None)
    curation.swap_pairs(empty_library, [one, other])
    assert sides(list_pairs(empty_library)) == [("2", "1"), (None, "3")]
    curation.undo(empty_library)
    assert sides(list_pairs(empty_library)) == [("1", "2"), ("3", None)]


def test_a_swap_to_what_another_pair_says_changes_nothing(empty_library: Library) -> None:
    one, other = add(empty_library, good="1", bad="2"), add(empty_library, good="3", bad=None)
    mirrored = add(empty_library, good="2", bad="1")
    with pytest.raises(KnownError, match=f"Pair {mirrored} says"):
        curation.swap_pairs(empty_library, [other, one])
    assert sides(list_pairs(empty_library)) == [("1", "2"), ("3", None), ("2", "1")]


def test_a_pair_is_split_into_its_answers(empty_library: Library) -> None:
    pair_id = add(
        empty_library, PairState.ACCEPTED, margin=0.4, confidence=0.9, language="en", lint=("near duplicate",)
    )
    before = list_pairs(empty_library)
    curation.split_pairs(empty_library, [pair_id], SplitInto.ANSWERS)
    good, bad = list_pairs(empty_library)
    assert sides([good, bad]) == [(before[0].good, None), (None, before[0].bad)]
    for part in (good, bad):
        assert (part.state, part.decided_by, part.group) == (PairState.ACCEPTED, Decider.PERSON, "g")
        assert (part.margin, part.confidence, part.language, part.lint) == (None, 0.9, "en", ("near duplicate",))
        assert list_pair_history(empty_library, part.id)[0].label == f"split of pair {pair_id} into answers"
    with pytest.raises(KnownError, match="no pair"):
        get_pair(empty_library, pair_id)
    curation.undo(empty_library)
    assert list_pairs(empty_library) == before
    curation.redo(empty_library)
    assert list_pairs(empty_library) == [good, bad]


def test_what_was_split_does_not_come_in_again_and_its_parts_do_after_undo(empty_library: Library) -> None:
    pair_id = add(empty_library)
    whole = get_pair(empty_library, pair_id)
    new = NewPair(**{name: getattr(whole, name) for name in NewPair.__slots__})
    curation.split_pairs(empty_library, [pair_id], SplitInto.ANSWERS)
    assert add_pairs(empty_library, [new]).duplicates == 1
    curation.undo(empty_library)
    part = NewPair(**{name: getattr(whole, name) for name in NewPair.__slots__} | {"bad": None})
    assert add_pairs(empty_library, [part]).duplicates == 0
    curation.redo(empty_library)
    assert sorted(sides(list_pairs(empty_library)), key=str) == sorted([(whole.good, None), (None, whole.bad)], key=str)


def test_an_answer_that_several_pairs_share_is_not_there_twice_after_a_split(empty_library: Library) -> None:
    first, second = add(empty_library, bad="one"), add(empty_library, bad="two")
    curation.split_pairs(empty_library, [first, second], SplitInto.ANSWERS)
    good = "Because light is scattered by the air."
    assert sides(list_pairs(empty_library)) == [(good, None), (None, "one"), (None, "two")]


def test_a_conversation_is_split_into_its_turns_and_stays(empty_library: Library) -> None:
    pair_id = add(empty_library, prompt=TALK, good="For 20 min.", bad="Long.", confidence=0.9)
    curation.split_pairs(empty_library, [pair_id], SplitInto.TURNS)
    whole, first, second = list_pairs(empty_library)
    assert whole.id == pair_id
    assert (first.prompt, first.good, first.bad) == (TALK[:2], "Copper.", None)
    assert (second.prompt, second.good, second.bad) == (TALK[:4], "650 K.", None)
    assert (first.confidence, second.group) == (None, "g")
    curation.undo(empty_library)
    assert [pair.id for pair in list_pairs(empty_library)] == [pair_id]


def test_what_can_not_be_split_is_said(empty_library: Library) -> None:
    pair_id = add(empty_library, bad=None)
    with pytest.raises(UsageError, match="one answer only"):
        curation.split_pairs(empty_library, [pair_id], SplitInto.ANSWERS)
    with pytest.raises(UsageError, match="no earlier answer"):
        curation.split_pairs(empty_library, [pair_id], SplitInto.TURNS)
    assert len(list_pairs(empty_library)) == 1


def test_the_best_good_and_the_worst_bad_answer_are_merged_by_their_scores(empty_library: Library) -> None:
    question_id = first_question_id(empty_library)
    drafts = {score: scored_draft(empty_library, question_id, n, score) for n, score in enumerate((0.9, 0.4, 0.7, 0.1))}
    first = add(
        empty_library, good="0.9", bad="0.4", good_draft_id=drafts[0.9], bad_draft_id=drafts[0.4], confidence=0.6
    )
    second = add(
        empty_library, good="0.7", bad="0.1", good_draft_id=drafts[0.7], bad_draft_id=drafts[0.1], confidence=0.8
    )
    before = list_pairs(empty_library)
    changes = curation.merge_pairs(empty_library, first, second)
    assert changes.undo_label == f"merge of pairs {first} and {second}"
    (merged,) = list_pairs(empty_library)
    assert (merged.good, merged.bad, merged.good_draft_id, merged.bad_draft_id) == (
        "0.9",
        "0.1",
        drafts[0.9],
        drafts[0.1],
    )
    assert (merged.margin, merged.confidence) == (pytest.approx(0.8), 0.6)
    curation.undo(empty_library)
    assert list_pairs(empty_library) == before


def test_without_scores_the_surer_pair_gives_both_answers_unless_others_are_named(empty_library: Library) -> None:
    unsure = add(empty_library, PairState.ACCEPTED, good="1", bad="2", confidence=0.5)
    sure = add(empty_library, good="3", bad="4", confidence=0.9)
    curation.merge_pairs(empty_library, unsure, sure)
    assert [pair.id for pair in list_pairs(empty_library)] == [sure]
    curation.undo(empty_library)
    curation.merge_pairs(empty_library, unsure, sure, good_from=unsure, bad_from=sure)
    (merged,) = list_pairs(empty_library)
    assert (merged.good, merged.bad) == ("1", "4")
    assert (merged.state, merged.decided_by) == (PairState.PENDING, Decider.NOBODY)


def test_two_that_say_the_same_leave_the_better_one_as_it_is(empty_library: Library) -> None:
    one = add(empty_library, PairState.REJECTED, good="It is so.", bad="No.", confidence=0.4)
    other = add(empty_library, PairState.ACCEPTED, good="it is so", bad="no", confidence=0.7)
    curation.merge_pairs(empty_library, one, other)
    (left,) = list_pairs(empty_library)
    assert (left.id, left.state) == (other, PairState.ACCEPTED)


def test_a_merge_puts_together_what_a_split_took_apart(empty_library: Library) -> None:
    pair_id = add(empty_library, PairState.ACCEPTED)
    before = list_pairs(empty_library)
    curation.split_pairs(empty_library, [pair_id], SplitInto.ANSWERS)
    parts = [pair.id for pair in list_pairs(empty_library)]
    curation.merge_pairs(empty_library, *parts)
    assert list_pairs(empty_library) == before
    for _ in range(2):
        curation.undo(empty_library)
    assert list_pairs(empty_library) == before


def test_what_can_not_be_merged_is_said(empty_library: Library) -> None:
    assign_splits(empty_library, {"held": Split.HELDOUT})
    one, other = add(empty_library, good="1", bad="2"), add(empty_library, prompt=user("How?"))
    held = add(empty_library, good="5", bad="6", group="held")
    mirrored = add(empty_library, good="2", bad="3")
    with pytest.raises(UsageError, match="different prompts"):
        curation.merge_pairs(empty_library, one, other)
    with pytest.raises(UsageError, match="with itself"):
        curation.merge_pairs(empty_library, one, one)
    with pytest.raises(KnownError, match="heldout"):
        curation.merge_pairs(empty_library, one, held)
    with pytest.raises(UsageError, match="its two pairs"):
        curation.merge_pairs(empty_library, one, mirrored, good_from=held)
    with pytest.raises(KnownError, match="the same text"):
        curation.merge_pairs(empty_library, one, mirrored, good_from=mirrored, bad_from=one)
    assert len(list_pairs(empty_library)) == 4


def test_bulk_decisions_are_counted_first_and_are_one_step(empty_library: Library) -> None:
    add(empty_library, good="a", language="pt", confidence=0.9)
    add(empty_library, good="b", language="pt", confidence=0.2)
    add(empty_library, good="c", language="en", confidence=0.9)
    chosen = PairFilter(languages=("pt",), min_confidence=0.5)
    changes = curation.decide_filtered(empty_library, chosen, PairState.ACCEPTED)
    assert changes.pairs == (1,)
    assert get_pair(empty_library, 1).decided_by is Decider.BULK
    curation.undo(empty_library)
    assert get_pair(empty_library, 1).state is PairState.PENDING


def test_a_search_shows_where_it_found_what(empty_library: Library) -> None:
    add(empty_library, good="A amostra de cobre foi recozida.", bad="Nada.")
    (found,) = find_pairs(empty_library, PairFilter(search="COBRE recoz"))
    assert set(found.snippets) == {"good"}
    shown = found.snippets["good"]
    assert [shown.text[start:end] for start, end in shown.spans] == ["cobre", "recozida"]
    (plain,) = find_pairs(empty_library)
    assert plain.snippets == {}
