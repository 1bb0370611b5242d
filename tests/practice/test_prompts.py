from __future__ import annotations

import pytest

from lorastudio.domain.errors import UsageError
from lorastudio.domain.messages import user
from lorastudio.practice.critic import CRITERIA
from lorastudio.practice.prompts import draft_prompt, practice_checks, practice_rubric, revise_prompt

QUESTION = "Report: sample copper, step annealing, temperature 650 K, time 20 min, runs 12."


def test_the_rubric_has_the_four_criteria_with_two_levels_each() -> None:
    rubric = practice_rubric()
    assert tuple(criterion.name for criterion in rubric.criteria) == CRITERIA
    assert all(len(criterion.levels) == 2 for criterion in rubric.criteria)


def test_prompts_are_what_the_model_was_trained_on() -> None:
    assert draft_prompt(QUESTION) == user(QUESTION)
    assert revise_prompt(QUESTION, "It is hot.", ["units", "clear"]) == user(
        QUESTION + " Draft: It is hot. Criticism: units. Revise."
    )


def test_nothing_to_mend_asks_anew() -> None:
    assert revise_prompt(QUESTION, "It is hot.", ["clear"]) == draft_prompt(QUESTION)


def test_a_question_of_ones_own_is_refused_in_words() -> None:
    with pytest.raises(UsageError, match="no practice question"):
        revise_prompt("Why is the sky blue?", "It is.", ["facts"])


def test_checks_name_the_practice_critic() -> None:
    assert practice_checks() == {"practice": True}
