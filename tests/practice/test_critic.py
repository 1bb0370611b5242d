"""The critic is exact: it finds each fault that the grammar put in, and no other."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from lorastudio.practice.critic import CRITERIA, critique
from lorastudio.practice.facts import Facts, sample_facts
from lorastudio.practice.grammar import draw_met, draw_plan, render

FACTS = Facts("en", "cobalt", "ageing", 550, 4, "min", 5)
PERFECT = (
    "A sample of cobalt was aged at 550 K for 4 min. The run was repeated 5 times. "
    "The mean and the spread were recorded."
)


def test_agrees_with_the_grammar_about_thousands_of_texts() -> None:
    rng = random.Random(11)
    seen: Counter[tuple[bool, ...]] = Counter()
    for _ in range(8000):
        facts, met, plan = sample_facts(rng), draw_met(rng), draw_plan(rng)
        text = render(facts, met, plan)
        found = critique(facts, text)
        assert found.met == met, (text, plan)
        assert all(issue.quote in text for issue in found.issues), text
        assert found.score == sum(met.values()) / len(CRITERIA)
        seen[tuple(met.values())] += 1
    assert len(seen) == 2 ** len(CRITERIA)


def test_every_combination_of_criteria_can_be_written_with_every_plan() -> None:
    rng = random.Random(12)
    for _ in range(200):
        facts, plan = sample_facts(rng), draw_plan(rng)
        for number in range(2 ** len(CRITERIA)):
            met = {name: bool(number >> place & 1) for place, name in enumerate(CRITERIA)}
            assert critique(facts, render(facts, met, plan)).met == met


def test_finds_nothing_wrong_with_a_perfect_text() -> None:
    found = critique(FACTS, PERFECT)
    assert found.issues == ()
    assert found.score == 1.0


@pytest.mark.parametrize(
    ("text", "criterion", "message", "quote"),
    [
        (PERFECT.replace("550 K", "575 K"), "facts", "The temperature should be 550 K.", "575 K"),
        (PERFECT.replace(" for 4 min", ""), "facts", "The time is missing: 4 min.", ""),
        (PERFECT.replace("4 min", "4 h"), "facts", "The time should be 4 min.", "4 h"),
        (PERFECT + " In total, 5 runs were made.", "facts", "The number of runs is stated twice.", "5 runs"),
        (PERFECT.replace("4 min", "4 min in Argon"), "facts", "This is not in the facts.", "in Argon"),
        (PERFECT + " The mean was recorded 7.", "facts", "This is not in the facts.", "7"),
        (PERFECT.replace("cobalt", "copper"), "facts", "The sample should be cobalt.", "copper"),
        (PERFECT.replace("aged", "stirred"), "facts", "The step is missing: aged.", ""),
        (PERFECT.replace("550 K", "550 °K"), "units", "Use the SI symbol K.", "°K"),
        (PERFECT.replace("4 min", "4 minutes"), "units", "Use the SI symbol min.", "minutes"),
        ("The cobalt sample was aged.", "units", "No SI unit is stated.", ""),
        (PERFECT + " This was a Huge thing.", "plain", "This is hype.", "Huge"),
        (PERFECT.replace("was aged", "is aged"), "form", "Use the past tense.", "is"),
        (PERFECT.removesuffix("."), "form", "End with a full stop.", "ere recorded"),
        (PERFECT + " And more.", "form", "This is not a whole sentence.", "And more"),
        (PERFECT.replace("The mean", "The The mean"), "form", "This is not a whole sentence.", None),
    ],
)
def test_names_the_fault_and_quotes_it(text: str, criterion: str, message: str, quote: str | None) -> None:
    found = critique(FACTS, text)
    issue = next(issue for issue in found.issues if issue.message == message)
    assert issue.criterion == criterion
    assert quote is None or issue.quote == quote
    assert issue.quote in text
    assert not found.met[criterion]


@pytest.mark.parametrize("text", ["", " ", "\n", "650", "<unk>", "...", "K K K", "12 12 12", "é 550", "!" * 50])
def test_survives_any_text(text: str) -> None:
    found = critique(FACTS, text)
    assert found.score < 1
    assert all(issue.quote in text for issue in found.issues)


def test_only_wrong_facts_are_severe() -> None:
    found = critique(FACTS, "Remarkably, the copper sample is aged at 550 degrees")
    assert {issue.criterion for issue in found.issues if issue.severe} == {"facts"}
    assert {issue.criterion for issue in found.issues if not issue.severe} == {"units", "plain", "form"}
