"""Decisions about pairs, and readiness."""

from __future__ import annotations

from typing import Any

import pytest

from lorastudio.datasets.lint import Finding
from lorastudio.domain.errors import KnownError, UsageError
from lorastudio.domain.messages import user
from lorastudio.domain.pair import Decider, NewPair, Origin, PairState, Split
from lorastudio.services import curation
from lorastudio.store.groups import assign_splits
from lorastudio.store.library import Library
from lorastudio.store.pairs import add_pairs, get_original, get_pair, list_pairs
from lorastudio.store.settings import set_setting


def add(
    empty_library: Library, count: int, *, group: str = "g", split: Split = Split.TRAIN, **changes: Any
) -> list[int]:
    assign_splits(empty_library, {group: split})
    start = len(list_pairs(empty_library))
    pairs = [
        NewPair(
            **{"prompt": user("Why?"), "good": f"good {n}", "bad": "bad", "group": group, "origin": Origin.DRAFTED}
            | changes
        )
        for n in range(start, start + count)
    ]
    return list(add_pairs(empty_library, pairs).ids)


def states(empty_library: Library) -> list[tuple[str, str]]:
    return [(pair.state.value, pair.decided_by.value) for pair in list_pairs(empty_library)]


def test_a_person_decides_and_takes_it_back(empty_library: Library) -> None:
    ids = add(empty_library, 2)
    changes = curation.decide(empty_library, ids[:1], PairState.ACCEPTED, Decider.PERSON)
    assert (changes.pairs, changes.undo_label) == ((ids[0],), f"acceptance of pair {ids[0]}")
    assert states(empty_library) == [("accepted", "person"), ("pending", "nobody")]
    curation.undo(empty_library)
    assert states(empty_library) == [("pending", "nobody")] * 2
    with pytest.raises(KnownError):
        curation.decide(empty_library, [99], PairState.REJECTED, Decider.PERSON)


def test_all_that_wait_in_bulk_or_by_the_rule(empty_library: Library) -> None:
    add(empty_library, 1, confidence=0.9)
    add(empty_library, 1, confidence=0.7)
    add(empty_library, 1)
    curation.decide_all_pending(empty_library, PairState.ACCEPTED, 0.8)
    assert states(empty_library) == [("accepted", "rule"), ("pending", "nobody"), ("pending", "nobody")]
    curation.decide_all_pending(empty_library, PairState.REJECTED, None)
    assert states(empty_library)[1:] == [("rejected", "bulk")] * 2
    assert curation.decide_all_pending(empty_library, PairState.ACCEPTED, None).pairs == ()


def test_the_rule_can_be_held_to_one_cycle(empty_library: Library) -> None:
    add(empty_library, 1, confidence=0.9)
    assert curation.accept_all_pending(empty_library, 0.8, cycle_id=4).pairs == ()
    assert curation.accept_all_pending(empty_library, 0.8).pairs == (1,)


def test_an_edit_keeps_the_original_and_makes_the_findings_anew(empty_library: Library) -> None:
    (pair_id,) = add(empty_library, 1, good="Because it is so.", bad="Because.", lint=("length bias", "near duplicate"))
    curation.edit_pair(empty_library, pair_id, bad="I have no idea.")
    edited, original = get_pair(empty_library, pair_id), get_original(empty_library, pair_id)
    assert (edited.bad, edited.lint) == ("I have no idea.", (Finding.NEAR_DUPLICATE,))
    assert original is not None
    assert original.bad == "Because."
    curation.undo(empty_library)
    assert get_pair(empty_library, pair_id).bad == "Because."


@pytest.mark.parametrize("texts", [{"good": " "}, {"bad": ""}, {"prompt": user("")}, {"good": "bad"}])
def test_edits_that_make_no_sense_are_refused(empty_library: Library, texts: dict[str, Any]) -> None:
    (pair_id,) = add(empty_library, 1)
    with pytest.raises(UsageError):
        curation.edit_pair(empty_library, pair_id, **texts)
    assert get_original(empty_library, pair_id) is None


def test_readiness_counts_unique_confident_or_personal_pairs(empty_library: Library) -> None:
    set_setting(empty_library, "needed_pairs", 3)
    counted = add(empty_library, 1, confidence=0.2)
    curation.decide(empty_library, counted, PairState.ACCEPTED, Decider.PERSON)
    curation.decide(empty_library, add(empty_library, 1), PairState.ACCEPTED, Decider.BULK)
    curation.decide(empty_library, add(empty_library, 1, confidence=0.7), PairState.ACCEPTED, Decider.RULE)
    curation.decide(
        empty_library, add(empty_library, 1, lint=(Finding.NEAR_DUPLICATE,)), PairState.ACCEPTED, Decider.PERSON
    )
    aside = add(empty_library, 1, group="q", split=Split.QUARANTINED)
    curation.decide(empty_library, aside, PairState.ACCEPTED, Decider.PERSON)
    waiting = add(empty_library, 1, confidence=0.9)
    found = curation.readiness(empty_library)
    assert (found.ready, found.accepted, found.needed, found.min_confidence) == (False, 2, 3, 0.8)
    assert found.reasons == (
        "Accepted pairs still needed: 1.",
        "Accepted pairs that don't count (confidence under 0.8, and no person accepted them): 1.",
        "Accepted pairs that don't count (near held-out text): 1.",
        "Accepted pairs that don't count (near-duplicates of others): 1.",
        "Pairs that wait for review: 1.",
    )
    curation.decide(empty_library, waiting, PairState.ACCEPTED, Decider.RULE)
    assert curation.readiness(empty_library) == curation.Readiness(True, 3, 3, 0.8, ())


def test_from_fifty_pairs_an_early_version_is_offered(empty_library: Library) -> None:
    curation.decide(empty_library, add(empty_library, 50), PairState.ACCEPTED, Decider.BULK)
    assert curation.readiness(empty_library).reasons[-1] == "An early version can be trained now."


def test_an_empty_library_is_not_ready(empty_library: Library) -> None:
    assert curation.readiness(empty_library) == curation.Readiness(
        False, 0, 1000, 0.8, ("Accepted pairs still needed: 1000.",)
    )
