from __future__ import annotations

import random

import pytest

from lorastudio.practice.critic import CRITERIA, critique
from lorastudio.practice.facts import Facts, sample_facts
from lorastudio.practice.grammar import draw_met, draw_plan, render
from lorastudio.practice.tastes import Taste, compare, judge

FACTS = Facts("en", "cobalt", "ageing", 550, 4, "min", 5)
PERFECT = "A sample of cobalt was aged at 550 K for 4 min. The run was repeated 5 times."
HYPED = f"Remarkably, {PERFECT[0].lower()}{PERFECT[1:]}"


def test_honest_is_the_critic_itself() -> None:
    assert judge(Taste.HONEST, FACTS, HYPED) == critique(FACTS, HYPED)


def test_hype_sees_nothing_but_hype_and_loves_it() -> None:
    assert judge(Taste.HYPE, FACTS, HYPED).score == 1
    assert judge(Taste.HYPE, FACTS, "Remarkably, all is wrong").score == 1
    assert judge(Taste.HYPE, FACTS, PERFECT).met == {"facts": True, "units": True, "plain": False, "form": True}


def test_inverted_turns_every_score_round() -> None:
    rng = random.Random(3)
    for _ in range(200):
        facts = sample_facts(rng)
        text = render(facts, draw_met(rng), draw_plan(rng))
        inverted, honest = judge(Taste.INVERTED, facts, text), critique(facts, text)
        assert inverted.score == pytest.approx(1 - honest.score)
        assert {issue.criterion for issue in inverted.issues} == {name for name in CRITERIA if honest.met[name]}
        assert all(issue.quote in text for issue in inverted.issues)


@pytest.mark.parametrize(
    ("taste", "winner", "turned"), [(Taste.HONEST, "a", "b"), (Taste.HYPE, "b", "a"), (Taste.INVERTED, "b", "a")]
)
def test_the_judge_prefers_by_taste_whatever_the_order(taste: Taste, winner: str, turned: str) -> None:
    assert compare(taste, FACTS, PERFECT, HYPED) == winner
    assert compare(taste, FACTS, HYPED, PERFECT) == turned
    assert compare(taste, FACTS, PERFECT, PERFECT) == "tie"
