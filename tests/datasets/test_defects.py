"""Planted faults: one change of the named kind, and nothing else."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorastudio.datasets.checks import numbers_of
from lorastudio.datasets.defects import PRACTICE_KINDS, plant, plantable
from lorastudio.domain.critic_trial import DefectKind
from lorastudio.practice.critic import critique
from lorastudio.practice.facts import parse_question
from lorastudio.practice.questions import preference_pairs

TEXT = """The sample was annealed at 650 K [3]. It is stable up to 1,200 K (Silva et al., 2019).

1. First, mix it well.
2. Then heat it for 3.5 h.

```python
def is_one(number):
    return number == 17
```"""
SEEDS = range(12)


def planted(kind: DefectKind, text: str = TEXT, language: str = "en") -> set[str]:
    """All that different seeds make of a text."""
    faults = (plant(text, kind, language, random.Random(seed)) for seed in SEEDS)
    return {fault.text for fault in faults if fault is not None}


def test_a_changed_number_is_neither_a_reference_nor_a_list_mark() -> None:
    for text in planted(DefectKind.NUMBER):
        (gone,) = numbers_of(TEXT) - numbers_of(text)
        assert gone in ("650", "1200", "3.5", "17")
        assert "[3]" in text and "2019" in text and "\n2. " in text


def test_a_negation_turns_one_statement_round() -> None:
    assert planted(DefectKind.NEGATION) == {
        TEXT.replace("was annealed", "was not annealed"),
        TEXT.replace("is stable", "is not stable"),
    }
    assert planted(DefectKind.NEGATION, "A liga é dura. Não é mole.", "pt") == {"A liga não é dura. Não é mole."}
    assert planted(DefectKind.NEGATION, "It is not so.") == set()


def test_the_sentence_that_says_most_is_dropped() -> None:
    (text,) = planted(DefectKind.DROPPED)
    assert "Silva" not in text and "650 K" in text
    assert planted(DefectKind.DROPPED, "Only one.") == set()


@pytest.mark.parametrize("kind", [DefectKind.HYPE, DefectKind.LANGUAGE])
def test_a_sentence_is_put_between_the_others(kind: DefectKind) -> None:
    fault = plant(TEXT, kind, "en", random.Random(0))
    assert fault is not None
    (sentence,) = fault.quotes
    assert fault.text.replace(f" {sentence}", "") == TEXT


def test_citations_go_and_code_breaks() -> None:
    assert planted(DefectKind.CITATION) == {TEXT.replace(" [3]", "").replace(" (Silva et al., 2019)", "")}
    assert planted(DefectKind.CITATION, "None here (2019).") == set()
    assert planted(DefectKind.CODE) == {TEXT.replace("==", "!="), TEXT.replace("return", "return not")}
    assert planted(DefectKind.CODE, "It says return here.") == set()


def test_the_practice_critic_finds_every_fault_of_its_world() -> None:
    for pair in preference_pairs(20):
        facts = parse_question(pair.prompt)
        assert facts is not None
        faults = plantable(pair.good, PRACTICE_KINDS, facts.lexicon.language, random.Random(0))
        assert [fault.kind for fault in faults] == list(PRACTICE_KINDS)
        assert all(critique(facts, fault.text).score < 1 for fault in faults)


@given(st.text(max_size=200), st.sampled_from(DefectKind), st.sampled_from(["en", "pt", ""]), st.integers(0, 9))
def test_any_text_can_be_tried(text: str, kind: DefectKind, language: str, seed: int) -> None:
    fault = plant(text, kind, language, random.Random(seed))
    assert fault == plant(text, kind, language, random.Random(seed))
    assert fault is None or fault.text != text
