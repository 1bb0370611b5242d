"""The split depends on the group alone, and has the promised shares."""

from __future__ import annotations

from collections import Counter
from string import ascii_lowercase

from lorastudio.datasets.groups import group_of, question_of
from lorastudio.datasets.split import split_of
from lorastudio.domain.messages import Message, user
from lorastudio.domain.pair import Split


def test_shares_of_many_groups() -> None:
    counts = Counter(split_of(f"group-{number}") for number in range(20_000))
    assert 0.09 < counts[Split.HELDOUT] / 20_000 < 0.11
    assert 0.04 < counts[Split.DEVELOPMENT] / (20_000 - counts[Split.HELDOUT]) < 0.06


def test_the_side_of_a_group_never_changes() -> None:
    # A change here would move rows of every library between training and measuring.
    heldout = [letter for letter in ascii_lowercase if split_of(letter) is Split.HELDOUT]
    assert heldout == ["o", "q"]
    assert split_of("q-0011223344556677") is Split.HELDOUT


def test_a_group_is_the_words_of_a_question() -> None:
    assert group_of("What is X?") == group_of(" what is x ")
    assert group_of("What is X?") != group_of("What is Y?")
    assert group_of("?!") != group_of("!?")


def test_the_system_prompt_is_no_part_of_the_question() -> None:
    prompt = (Message("system", "Be brief."), *user("Why?"))
    assert question_of(prompt) == "Why?"
