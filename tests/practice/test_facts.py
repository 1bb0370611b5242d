from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorastudio.domain.errors import BugError
from lorastudio.practice.facts import Facts, ask, ask_revise, parse_question, sample_facts

FACTS = Facts("en", "copper", "annealing", 650, 20, "min", 12)
QUESTION = "Report: sample copper, step annealing, temperature 650 K, time 20 min, runs 12."
PORTUGUESE = "Relato: amostra níquel, etapa oxidação, temperatura 300 K, tempo 2 s, ensaios 30."


def test_asks_in_both_languages() -> None:
    assert ask(FACTS) == QUESTION
    assert ask(Facts("pt", "níquel", "oxidação", 300, 2, "s", 30)) == PORTUGUESE


@given(st.integers())
def test_reads_back_every_question(seed: int) -> None:
    facts = sample_facts(random.Random(seed))
    assert parse_question(ask(facts)) == facts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Explain superconductivity.",
        QUESTION + " ",
        QUESTION.removesuffix("."),
        QUESTION.replace("copper", "cobre"),
        QUESTION.replace("650", "651"),
        QUESTION.replace("650", "٦٥٠"),
        QUESTION.replace("12", "9" * 5000),
        QUESTION.replace("min", "days"),
        PORTUGUESE.replace("níquel", "nickel"),
        QUESTION + "\n" + PORTUGUESE,
    ],
)
def test_reads_nothing_but_its_own_questions(text: str) -> None:
    assert parse_question(text) is None


def test_names_the_criteria_to_mend_in_their_fixed_order() -> None:
    assert ask_revise(FACTS, "It is hot.", ["form", "facts"]) == (
        QUESTION + " Draft: It is hot. Criticism: facts, tense. Revise."
    )
    portuguese = parse_question(PORTUGUESE)
    assert portuguese is not None
    assert ask_revise(portuguese, "É quente.", {"plain"}) == (
        PORTUGUESE + " Rascunho: É quente. Crítica: exagero. Rever."
    )


def test_a_revision_needs_a_criterion() -> None:
    with pytest.raises(BugError):
        ask_revise(FACTS, "It is hot.", [])


def test_a_quarter_is_portuguese() -> None:
    rng = random.Random(5)
    share = sum(sample_facts(rng).language == "pt" for _ in range(4000)) / 4000
    assert 0.22 < share < 0.28
