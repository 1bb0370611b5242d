"""Rubrics by name: the user's own before the shipped ones, and what can't work is refused in words."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from lorastudio.domain.errors import KnownError, UsageError
from lorastudio.domain.rubric import rubric_from_record
from lorastudio.services.drafting.rubrics import SHIPPED, shipped_rubric
from lorastudio.services.rubrics import (
    add_rubric,
    chosen_rubric,
    edit_rubric,
    find_rubric,
    list_rubrics,
    remove_rubric,
)
from lorastudio.store.library import Library

MINE: dict[str, Any] = {
    "name": "letters",
    "criteria": [{"name": "kind", "levels": ["rude", "kind"], "weight": 2}, {"name": "short", "levels": ["no", "yes"]}],
}


def test_a_rubric_of_ones_own_comes_and_goes(empty_library: Library) -> None:
    added = add_rubric(empty_library, MINE)
    assert [item.weight for item in added.criteria] == [2.0, 1.0]
    assert find_rubric(empty_library, "letters") == added == rubric_from_record(added.as_record())
    assert [(rubric.name, own) for rubric, own in list_rubrics(empty_library)][-1] == ("letters", True)
    with pytest.raises(KnownError, match="already"):
        add_rubric(empty_library, MINE)
    with pytest.raises(KnownError, match="already"):
        add_rubric(empty_library, {**MINE, "name": "code"})
    remove_rubric(empty_library, "letters")
    with pytest.raises(UsageError, match="no rubric called 'letters'") as caught:
        find_rubric(empty_library, "letters")
    assert "scientific" in caught.value.hint
    with pytest.raises(KnownError, match="no rubric of your own"):
        remove_rubric(empty_library, "letters")


def test_a_shipped_rubric_is_edited_as_a_copy_and_can_be_had_back(empty_library: Library) -> None:
    changed = edit_rubric(empty_library, "general.pt", MINE)
    assert changed.name == "general.pt"
    assert find_rubric(empty_library, "general", "pt") == chosen_rubric(empty_library, "", "pt") == changed
    assert chosen_rubric(empty_library, "", "en") is None
    assert len(list_rubrics(empty_library)) == len(SHIPPED)
    remove_rubric(empty_library, "general.pt")
    assert find_rubric(empty_library, "general", "pt") == shipped_rubric("general.pt")


def test_a_choice_is_a_name_or_an_object(empty_library: Library) -> None:
    assert chosen_rubric(empty_library, "code", "pt") == shipped_rubric("code.pt")
    assert chosen_rubric(empty_library, "code.en", "pt") == shipped_rubric("code.en")
    assert chosen_rubric(empty_library, MINE, "pt") == rubric_from_record(MINE)
    for nonsense in ("nothing", 3, ["code"]):
        with pytest.raises(UsageError):
            chosen_rubric(empty_library, nonsense, "en")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ((), 3, "JSON object"),
        (("name",), " ", 'no "name"'),
        (("criteria",), [], "1 to 12 criteria"),
        (("criteria",), "kind", "1 to 12 criteria"),
        (("criteria", 1), "short", "Criterion 2"),
        (("criteria", 1, "name"), "KIND", "two criteria called"),
        (("criteria", 0, "levels"), ["only"], "2 to 10 levels"),
        (("criteria", 0, "levels"), ["rude", ""], "put in words"),
        (("criteria", 0, "levels"), ["rude", "rude "], "say the same"),
        (("criteria", 0, "levels"), ["rude", 5], "put in words"),
        (("criteria", 0, "weight"), 0, "above zero"),
        (("criteria", 0, "weight"), "2", "above zero"),
        (("criteria", 0, "weight"), float("inf"), "above zero"),
    ],
)
def test_what_can_not_work_is_refused_in_words(path: tuple[Any, ...], value: object, words: str) -> None:
    record: Any = copy.deepcopy(MINE)
    if path:
        place = record
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
    else:
        record = value
    with pytest.raises(UsageError, match=words):
        rubric_from_record(record)
