"""Pairs out of drafts: which ones, in which order, how sure."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorastudio.datasets.extraction import confidence_of, extract_pairs, is_refusal, leaks_prompt
from lorastudio.domain.draft import Critique, Draft, DraftState, Question
from lorastudio.domain.fencing import fence
from lorastudio.domain.pair import NewPair, Origin

QUESTION = Question(id=5, cycle_id=2, position=0, text="How was it made?", group="g", language="en")


def drafts_of(*scores: float | None, spread: float = 0.0) -> tuple[list[Draft], dict[int, Critique]]:
    drafts = [
        Draft(number, QUESTION.id, number, f"Answer number {number}.", DraftState.FINISHED)
        for number in range(1, len(scores) + 1)
    ]
    critiques = {
        draft.id: Critique(draft.id, draft.id, score, spread, {}, (), abstained=score is None)
        for draft, score in zip(drafts, scores, strict=True)
    }
    return drafts, critiques


def extract(*scores: float | None, spread: float = 0.0) -> list[NewPair]:
    return extract_pairs(QUESTION, *drafts_of(*scores, spread=spread))


def lows(pairs: list[NewPair]) -> list[int | None]:
    return [pair.bad_draft_id for pair in pairs]


def test_the_best_against_each_lower_one_by_ascending_score() -> None:
    pairs = extract(0.25, 0.0, 0.5, 1.0)
    assert [pair.good_draft_id for pair in pairs] == [4, 4, 4]
    assert lows(pairs) == [2, 1, 3]


def test_at_most_three_and_the_first_is_always_among_them() -> None:
    assert lows(extract(0.7, 0.0, 0.1, 0.2, 0.3, 1.0)) == [2, 3, 1]


def test_the_margin_must_be_enough_except_for_the_first() -> None:
    assert lows(extract(0.9, 0.8, 1.0)) == [1]
    assert lows(extract(0.0, 0.5, 1.0, spread=0.3)) == [1]
    assert extract(1.0, 0.9, 0.8) == []
    assert lows(extract(1.0, 0.75)) == [2]


def test_the_earliest_of_the_best_is_taken() -> None:
    assert extract(0.0, 1.0, 1.0)[0].good_draft_id == 2


def test_lineage_margin_and_confidence() -> None:
    (pair,) = extract(0.25, 1.0)
    assert (pair.cycle_id, pair.question_id, pair.group, pair.origin) == (2, 5, "g", Origin.DRAFTED)
    assert (pair.iteration, pair.margin, pair.confidence) == (2, 0.75, 0.99)


def test_unusable_drafts_are_in_no_pair() -> None:
    drafts, critiques = drafts_of(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, None, 1.0)
    drafts[0] = Draft(1, 5, 1, "Cut of", DraftState.TRUNCATED)
    drafts[1] = Draft(2, 5, 2, "Half a", DraftState.INTERRUPTED)
    drafts[2] = Draft(3, 5, 3, "I'm sorry, but I can't help with that.", DraftState.FINISHED)
    drafts[3] = Draft(4, 5, 4, " \n", DraftState.FINISHED)
    drafts[4] = Draft(5, 5, 5, fence("draft", "text"), DraftState.FINISHED)
    drafts[5] = Draft(6, 5, 6, "Answer number 8.", DraftState.FINISHED)
    del critiques[7]
    # Draft 6 says what draft 8 says; that text counts once, as the earlier draft.
    assert extract_pairs(QUESTION, drafts, critiques) == []


def test_the_order_of_arrival_does_not_matter() -> None:
    drafts, critiques = drafts_of(0.25, 0.0, 0.5, 0.5, 1.0)
    expected = extract_pairs(QUESTION, drafts, critiques)
    for seed in range(5):
        assert extract_pairs(QUESTION, random.Random(seed).sample(drafts, len(drafts)), critiques) == expected


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I cannot provide this information.",
        "As an AI language model, I have no opinion.",
        "Desculpe, mas não posso ajudar com isso.",
        "Como um modelo de linguagem, não tenho opinião.",
        "Não posso responder a isso.",
    ],
)
def test_refusals(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "The valve cannot open while the pump runs.",
        "I cannot overstate how well it works.",
        "Sorry is the hardest word.",
        "The answer “I'm sorry, I can't help” is a refusal.",
        "A amostra foi aquecida a 500 K.",
    ],
)
def test_no_refusals(text: str) -> None:
    assert not is_refusal(text)


def test_prompt_leaks() -> None:
    long = "Report: sample copper, step annealing, temperature 650 K, time 20 min, runs 12."
    assert leaks_prompt(long, f"Sure. {long} The sample was annealed.")
    assert leaks_prompt("Why?", "text <|im_start|>user")
    assert leaks_prompt("Why?", "<think>hm</think> Because.")
    assert not leaks_prompt("Why?", "Why? Because <b>it</b> is so.")


def test_checks_in_code_weigh_in_the_confidence() -> None:
    question = Question(5, 2, 0, "Say blue.", "g", "en", checks={"contains": "blue"})
    drafts, critiques = drafts_of(0.0, 1.0)
    blue = Draft(2, 5, 2, "It is blue.", DraftState.FINISHED)
    assert extract_pairs(question, [drafts[0], blue], critiques)[0].confidence == 0.99
    assert extract_pairs(question, drafts, critiques)[0].confidence == 0.5
    wrong = Draft(1, 5, 1, "It is blue.", DraftState.FINISHED)
    assert extract_pairs(question, [wrong, drafts[1]], critiques)[0].confidence == 0.0


@given(
    margin=st.floats(0, 1),
    spread=st.floats(0, 1),
    agreement=st.none() | st.floats(0, 1),
    checks=st.none() | st.floats(0, 1),
)
def test_confidence_is_a_share_and_never_certain(
    margin: float, spread: float, agreement: float | None, checks: float | None
) -> None:
    found = confidence_of(margin, spread, agreement=agreement, good_checks=checks, bad_checks=checks)
    assert 0.0 <= found <= 0.99
    assert agreement is None or found <= agreement


def test_confidence_formula() -> None:
    # Φ(0.25 / (√2 · 0.25)) = Φ(0.7071)
    found = confidence_of(0.25, 0.25, agreement=None, good_checks=None, bad_checks=None)
    assert found == pytest.approx(0.76025, abs=1e-5)


@given(st.lists(st.none() | st.floats(0, 1), max_size=8))
def test_good_is_always_better_and_three_at_most(scores: list[float | None]) -> None:
    pairs = extract(*scores)
    assert len(pairs) <= 3
    assert all(pair.margin is not None and pair.margin > 0 for pair in pairs)
