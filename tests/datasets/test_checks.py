"""Checks in code."""

from __future__ import annotations

from typing import Any

import pytest

from lorastudio.datasets.checks import check_answer, share_passed, validate_checks, with_defaults
from lorastudio.domain.errors import UsageError
from lorastudio.practice.criteria import CRITERIA
from lorastudio.practice.questions import preference_pairs


def test_the_practice_world_is_checked_by_its_critic() -> None:
    pair = preference_pairs(1)[0]
    good = check_answer({"practice": True}, pair.prompt, pair.good)
    assert set(good) == set(CRITERIA)
    assert all(good.values())
    assert not all(check_answer({"practice": True}, pair.prompt, pair.bad).values())
    assert not check_answer({"practice": True}, pair.prompt, pair.good, truncated=True)["form"]


@pytest.mark.parametrize(
    ("check", "passes", "fails"),
    [
        ({"min_words": 2}, "one two", "one"),
        ({"max_words": 1}, "one", "one two"),
        ({"language": "pt"}, "A amostra não foi feita aqui.", "The sample was not made here."),
        ({"json": True}, '{"a": 1}', "{"),
        ({"json": False}, "{", "1"),
        ({"contains": ["Blue", "red"]}, "RED and blue", "red"),
        ({"forbids": "blue"}, "red", "Blue"),
        ({"banned_phrases": ["very new", "hype"]}, "Every newest hyped thing.", "A Very, new thing."),
        ({"citations": 1}, "So it is [3].", "So it is (2020)."),
        ({"citations": 2}, "So (Silva et al., 2019), so (Costa & Lima, 2020b).", "So (Silva, 2019), see it."),
        ({"citations": 2}, "See https://doi.org/10.1/x and doi:10.1/y.", "See doi: nothing."),
        ({"citations": 0}, "None is needed.", None),
        ({"numbers_kept": "1,200 K, 3.50 h"}, "Por 3,5 h a 1.200 K.", "For 3.5 h at 1,250 K."),
        ({"numbers_kept": ["0.125", 7]}, "7 of 0,125", "7 of 0.25"),
    ],
)
def test_general_checks(check: dict[str, Any], passes: str, fails: str) -> None:
    (name,) = check
    assert check_answer(check, "Why?", passes) == {name: True, "finished": True}
    if fails is not None:
        assert check_answer(check, "Why?", fails) == {name: False, "finished": True}
    assert check_answer(check, "Why?", passes, truncated=True) == {name: True, "finished": False}


def test_without_checks_nothing_is_said() -> None:
    assert check_answer({}, "Why?", "Because.") == {}
    assert check_answer({"practice": False}, "Why?", "Because.") == {}
    assert share_passed({}) is None
    assert share_passed({"a": True, "b": False}) == 0.5


@pytest.mark.parametrize(
    "checks", [{"shine": 1}, {"min_words": "two"}, {"language": "de"}, {"contains": []}, {"json": 1}]
)
def test_checks_that_make_no_sense_are_refused(checks: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        validate_checks(checks)


def test_a_question_that_is_not_of_the_practice_world_is_refused() -> None:
    with pytest.raises(UsageError):
        check_answer({"practice": True}, "Why?", "Because.")


def test_numbers_of_the_question_are_kept() -> None:
    question = "Report 650 K and 20 min."
    assert check_answer({"numbers_kept": True}, question, "It took 20 min at 650 K.")["numbers_kept"]
    assert not check_answer({"numbers_kept": True}, question, "It took 20 min at 560 K.")["numbers_kept"]
    assert check_answer({"numbers_kept": True}, "Why?", "Because of 3 things.")["numbers_kept"]


def test_a_cycles_checks_give_way_to_a_questions_own() -> None:
    defaults = {"max_words": 100, "citations": 1}
    assert with_defaults({"max_words": 50}, defaults) == {"max_words": 50, "citations": 1}
    assert with_defaults({"citations": None}, defaults) == {"max_words": 100}
    assert with_defaults({"practice": True}, defaults) == {"practice": True}
