from __future__ import annotations

from collections import Counter

import pytest

from lorastudio.gate.canaries import built_in_canaries


def test_sixty_different_canaries_of_five_kinds() -> None:
    found = built_in_canaries()
    assert len({canary.prompt for canary in found}) == 60
    assert set(Counter(canary.kind for canary in found).values()) == {12}


@pytest.mark.parametrize(
    ("start", "answer", "right"),
    [
        ("What is the capital of France?", "Paris.", True),
        ("What is the capital of France?", "It is Lyon.", False),
        ("What is frozen water called?", "Nice question", False),
        ("6 × 7", "6 × 7 = 42", True),
        ("6 × 7", "42 or 43", False),
        ("6 × 7", "forty-two", False),
        ("Reply with only this JSON", '```json\n{"a": 1}\n```', True),
        ("Reply with only this JSON", 'Sure: {"a": 1}', False),
        ("Reply with a JSON list", "[1, 2, 3]", True),
        ("Write the words red", "Red\ngreen\nblue\n", True),
        ("Write the words red", "red, green, blue", False),
        ("Write the word apple", "APPLE", True),
        ("Write the word apple", "apple", False),
        ("Que animal late?", "O cão late.", True),
        ("Que animal late?", "O gato.", False),
        ("What is the past tense of go?", "Went", True),
    ],
)
def test_answers_are_told_right_from_wrong(start: str, answer: str, right: bool) -> None:
    canary = next(canary for canary in built_in_canaries() if canary.prompt.startswith(start))
    assert canary.is_right(answer) is right


def test_an_empty_answer_is_never_right() -> None:
    assert not any(canary.is_right("") for canary in built_in_canaries())
