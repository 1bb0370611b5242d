"""Checks in code."""

from __future__ import annotations

from typing import Any

import pytest

from lorastudio.datasets.checks import check_answer, share_passed, validate_checks
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
    ],
)
def test_general_checks(check: dict[str, Any], passes: str, fails: str) -> None:
    (name,) = check
    assert check_answer(check, "Why?", passes) == {name: True, "finished": True}
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
