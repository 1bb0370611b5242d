"""Confidence follows a person's decisions, and says when it does not yet."""

from __future__ import annotations

import random
from dataclasses import replace

from lorastudio.domain.messages import user
from lorastudio.domain.pair import Decider, NewPair, Origin, PairState, Split
from lorastudio.domain.pair_filter import PairFilter
from lorastudio.services import curation
from lorastudio.services.confidence import Confidence, read_confidence
from lorastudio.store.groups import assign_splits
from lorastudio.store.library import Library
from lorastudio.store.pairs import add_pairs, count_pairs
from lorastudio.store.settings import set_setting

A_PAIR = NewPair(user("Why?"), "good", "bad", "g", Origin.DRAFTED)


def add(library: Library, confidences: list[float | None], state: PairState, decider: Decider) -> tuple[int, ...]:
    start = sum(count_pairs(library).values())
    pairs = [
        NewPair(user(f"Question {n}?"), f"good {n}", f"bad {n}", f"q{n % 40}", Origin.DRAFTED, confidence=confidence)
        for n, confidence in enumerate(confidences, start)
    ]
    assign_splits(library, {pair.group: Split.TRAIN for pair in pairs})
    ids = add_pairs(library, pairs).ids
    if state is not PairState.PENDING:
        curation.decide(library, ids, state, decider)
    return ids


def worth(found: Confidence, raw: float | None) -> float | None:
    return found.of(replace(A_PAIR, confidence=raw))


def decide(library: Library, count: int, threshold: float) -> None:
    """Decisions of a person who accepts nine in ten at `threshold` or more, and one in ten below."""
    rng = random.Random(1)
    for state in (PairState.ACCEPTED, PairState.REJECTED):
        accepted = state is PairState.ACCEPTED
        drawn = [rng.random() for _ in range(count)]
        kept = [one for one in drawn if rng.random() < (0.9 if (one >= threshold) == accepted else 0.1)]
        add(library, kept, state, Decider.PERSON)


def test_until_there_are_enough_decisions_of_both_kinds_it_says_so(empty_library: Library) -> None:
    add(empty_library, [0.5] * 99, PairState.ACCEPTED, Decider.PERSON)
    add(empty_library, [0.5] * 50, PairState.REJECTED, Decider.BULK)
    add(empty_library, [0.5] * 50, PairState.REJECTED, Decider.RULE)
    add(empty_library, [None] * 50, PairState.REJECTED, Decider.PERSON)
    found = read_confidence(empty_library)
    assert (found.calibrated, found.decisions, found.accepted, found.study) == (False, 99, 99, None)
    assert "Not calibrated: 99 drafted pairs" in found.note
    assert (worth(found, 0.7), worth(found, None)) == (0.7, None)
    assert found.worth(0.8) == [PairFilter(min_confidence=0.8)]
    add(empty_library, [0.5] * 9, PairState.REJECTED, Decider.PERSON)
    assert not read_confidence(empty_library).calibrated


def test_what_a_person_accepts_decides_what_a_confidence_is_worth(empty_library: Library) -> None:
    decide(empty_library, 300, threshold=0.4)
    found = read_confidence(empty_library)
    assert found.calibrated and found.study is not None
    assert found.study.calibrated.brier < found.study.raw.brier
    high, low = worth(found, 0.6), worth(found, 0.2)
    assert high is not None and low is not None
    assert high > 0.8 > 0.3 > low
    others, drafted = found.worth(0.8)
    assert (others.min_confidence, Origin.DRAFTED in others.origins) == (0.8, False)
    assert drafted.min_confidence is not None and 0.3 < drafted.min_confidence < 0.6
    assert found.worth(0.999, PairFilter(origins=(Origin.DRAFTED,))) == []
    assert found.of(replace(A_PAIR, origin=Origin.VERIFIED, confidence=0.2)) == 0.2
    assert "Calibrated on" in found.note


def test_noise_is_not_taken_for_calibration(empty_library: Library) -> None:
    rng = random.Random(3)
    for _ in range(12):
        confidences = [rng.random() for _ in range(20)]
        add(empty_library, [c for c in confidences if rng.random() < c], PairState.ACCEPTED, Decider.PERSON)
        add(empty_library, [c for c in confidences if rng.random() > c], PairState.REJECTED, Decider.PERSON)
    found = read_confidence(empty_library)
    assert found.study is not None
    assert found.calibrated == (found.study.calibrated.brier <= found.study.raw.brier)
    if not found.calibrated:
        assert "further off" in found.note and worth(found, 0.7) == 0.7


def test_the_rule_and_readiness_go_by_what_confidence_is_worth(empty_library: Library) -> None:
    waiting = add(empty_library, [0.6, 0.2, None], PairState.PENDING, Decider.NOBODY)
    assert curation.decide_all_pending(empty_library, PairState.ACCEPTED, 0.8).pairs == ()
    decide(empty_library, 300, threshold=0.4)
    set_setting(empty_library, "needed_pairs", 1)
    by_hand = curation.readiness(empty_library).accepted
    assert curation.decide_all_pending(empty_library, PairState.ACCEPTED, 0.8).pairs == waiting[:1]
    assert curation.readiness(empty_library).accepted == by_hand + 1
    assert curation.decide_all_pending(empty_library, PairState.ACCEPTED, 0.999).pairs == ()


def test_undoing_a_decision_takes_it_out_of_the_calibration(empty_library: Library) -> None:
    add(empty_library, [0.3] * 99, PairState.REJECTED, Decider.PERSON)
    ids = add(empty_library, [0.9] * 20, PairState.PENDING, Decider.NOBODY)
    curation.decide(empty_library, ids, PairState.ACCEPTED, Decider.PERSON)
    assert read_confidence(empty_library).calibrated
    curation.undo(empty_library)
    assert read_confidence(empty_library).decisions == 99


def test_an_edited_pair_says_nothing_about_the_confidence_of_what_it_was(empty_library: Library) -> None:
    (one,) = add(empty_library, [0.9], PairState.PENDING, Decider.NOBODY)
    curation.edit_pair(empty_library, one, good="Much better.")
    curation.decide(empty_library, [one], PairState.ACCEPTED, Decider.PERSON)
    assert read_confidence(empty_library).decisions == 0
