"""Small questions that every instructed model can answer: facts, arithmetic, format, Portuguese, English.

They tell whether training on one task broke something else. A canary is right when its check passes on the
greedy answer; what the base can't do is no loss, so the list need not fit every model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Canary:
    """One question; `is_right` looks at a whole answer. `kind` is what broke when it is lost."""

    kind: str
    prompt: str
    is_right: Callable[[str], bool]


def built_in_canaries() -> tuple[Canary, ...]:
    """The 60 canaries for models outside the practice world, twelve of each kind, always in this order."""
    return (
        *(Canary("facts", f"{question} Answer in one word.", _says(*right)) for question, right in _FACTS),
        *(Canary("arithmetic", f"{sum_} = ? Answer with the number only.", _number(n)) for sum_, n in _SUMS),
        *(Canary("format", prompt, check) for prompt, check in _formats()),
        *(Canary("Portuguese", f"{question} Responda em português.", _says(*w)) for question, w in _PORTUGUESE),
        *(Canary("English", question, _says(*right)) for question, right in _ENGLISH),
    )


def _says(*words: str) -> Callable[[str], bool]:
    """Right when any of `words` stands in the answer as a whole word, in any case."""
    pattern = re.compile(rf"\b(?:{'|'.join(re.escape(word) for word in words)})\b", re.IGNORECASE)
    return lambda answer: pattern.search(answer) is not None


def _number(number: int) -> Callable[[str], bool]:
    """Right when the last number in the answer is `number`."""

    def is_right(answer: str) -> bool:
        found: list[str] = re.findall(r"-?\d+", answer.replace(",", ""))
        return bool(found) and int(found[-1]) == number

    return is_right


def _json(expected: object) -> Callable[[str], bool]:
    """Right when the whole answer, a code fence taken off, is JSON equal to `expected`."""

    def is_right(answer: str) -> bool:
        text = re.sub(r"^```(?:json)?\s*|\s*```$", "", answer.strip())
        try:
            return bool(json.loads(text) == expected)
        except ValueError:
            return False

    return is_right


def _exactly(*lines: str) -> Callable[[str], bool]:
    """Right when the answer's lines are `lines`, in any case, spaces around and a last full stop left aside."""
    wanted = [line.lower() for line in lines]
    return lambda answer: [line.strip().rstrip(".").lower() for line in answer.strip().splitlines()] == wanted


def _formats() -> tuple[tuple[str, Callable[[str], bool]], ...]:
    return (
        ('Reply with only this JSON: {"a": 1}', _json({"a": 1})),
        ("Reply with a JSON list of the numbers 1, 2 and 3, nothing else.", _json([1, 2, 3])),
        ('Reply with a JSON object whose key "ok" is true, nothing else.', _json({"ok": True})),
        ('Reply with a JSON object: key "name", value "Ana". Nothing else.', _json({"name": "Ana"})),
        ("Reply with an empty JSON list, nothing else.", _json([])),
        ("Reply with only the word yes.", _exactly("yes")),
        ("Reply with only the letter B.", _exactly("b")),
        ("Write the words red, green, blue, one a line, nothing else.", _exactly("red", "green", "blue")),
        ("Write the numbers 1 to 4, one a line, nothing else.", _exactly("1", "2", "3", "4")),
        (
            "Write the word apple in capital letters, nothing else.",
            lambda answer: answer.strip().rstrip(".") == "APPLE",
        ),
        ("Write 2026-03-09 again exactly as it is, nothing else.", _exactly("2026-03-09")),
        ("Separate the words cat, dog, cow by semicolons without spaces, nothing else.", _exactly("cat;dog;cow")),
    )


_FACTS = (
    ("What is the capital of France?", ("Paris",)),
    ("What is the capital of Japan?", ("Tokyo",)),
    ("What is the capital of Brazil?", ("Brasília", "Brasilia")),
    ("Which planet is nearest to the Sun?", ("Mercury",)),
    ("What is the largest ocean?", ("Pacific",)),
    ("Which gas do plants take from the air?", ("carbon", "CO2")),
    ("Which metal has the symbol Fe?", ("iron",)),
    ("Who wrote Hamlet?", ("Shakespeare",)),
    ("On which continent is Egypt?", ("Africa",)),
    ("Which animal is called the king of beasts?", ("lion",)),
    ("What is frozen water called?", ("ice",)),
    ("Which month comes after March?", ("April",)),
)
_SUMS = (
    ("2 + 3", 5),
    ("7 + 8", 15),
    ("12 + 30", 42),
    ("9 - 4", 5),
    ("20 - 13", 7),
    ("100 - 1", 99),
    ("3 × 4", 12),
    ("6 × 7", 42),
    ("9 × 9", 81),
    ("10 / 2", 5),
    ("36 / 6", 6),
    ("50 + 50", 100),
)
_PORTUGUESE = (
    ("Qual é a capital de Portugal?", ("Lisboa",)),
    ("Qual é a capital da Argentina?", ("Buenos Aires",)),
    ("Que cor tem o céu limpo de dia?", ("azul",)),
    ("Quantos dias tem uma semana?", ("sete", "7")),
    ("Que animal late?", ("cachorro", "cão")),
    ("Qual é o contrário de grande?", ("pequeno", "pequena")),
    ("Qual é o contrário de quente?", ("frio", "fria", "gelado")),
    ("Que mês vem depois de janeiro?", ("fevereiro",)),
    ("Como se diz “water” em português?", ("água",)),
    ("Como se diz “house” em português?", ("casa",)),
    ("Quantas pernas tem um gato?", ("quatro", "4")),
    ("Em que continente fica o Brasil?", ("América", "Sul")),
)
_ENGLISH = (
    ("What is the opposite of hot?", ("cold", "cool")),
    ("What is the plural of mouse, the animal?", ("mice",)),
    ("What is the past tense of go?", ("went",)),
    ("Which word rhymes with cat: dog, hat or sun?", ("hat",)),
    ("Complete: an apple a day keeps the … away.", ("doctor",)),
    ("What do you call a person who writes books?", ("author", "writer", "novelist")),
    ("Which word is a colour: table, green or run?", ("green",)),
    ("What is the opposite of early?", ("late",)),
    ("How do you say “obrigado” in English?", ("thank", "thanks")),
    ("Which is bigger: an elephant or an ant?", ("elephant",)),
    ("Which day comes after Monday?", ("Tuesday",)),
    ("Spell the number 8 as a word.", ("eight",)),
)
