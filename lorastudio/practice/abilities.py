"""Small skills beside the task: reverse, copy, convert, symbol. They tell whether training broke something else."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lorastudio.practice.facts import PORTUGUESE_SHARE
from lorastudio.practice.lexicon import LEXICONS, RUNS, SYMBOLS, TIMES, Lexicon

Ability = Literal["reverse", "copy", "convert", "symbol"]

# How often each skill is drawn.
ABILITY_WEIGHTS: dict[Ability, int] = {"reverse": 6, "copy": 5, "convert": 5, "symbol": 4}
CONVERTED_TIMES = (2, 3, 4, 5, 6, 8, 10)
CONVERSIONS = (("min", "s"), ("h", "min"))
CONVERSION_FACTOR = 60


@dataclass(frozen=True, slots=True)
class Canary:
    """One question about a skill, and its one right answer."""

    prompt: str
    answer: str
    language: str
    ability: Ability


def draw_canary(rng: random.Random) -> Canary:
    """A canary of a random skill; a quarter of them in Portuguese."""
    lexicon = LEXICONS["pt" if rng.random() < PORTUGUESE_SHARE else "en"]
    ability = rng.choices(list(ABILITY_WEIGHTS), list(ABILITY_WEIGHTS.values()))[0]
    prompt, answer = _ask_and_answer(ability, lexicon, rng)
    return Canary(prompt, answer, lexicon.language, ability)


def _ask_and_answer(ability: Ability, lexicon: Lexicon, rng: random.Random) -> tuple[str, str]:
    texts = lexicon.abilities
    if ability == "reverse":
        words = rng.sample(lexicon.materials, 3)
        return texts.reverse.format(words=" ".join(words)), _sentence(words[::-1])
    if ability == "copy":
        words = rng.sample(lexicon.materials, 3)
        words[rng.randrange(3)] = str(rng.choice(TIMES + RUNS))
        return texts.copy.format(words=" ".join(words)), _sentence(words)
    if ability == "convert":
        time, (source, target) = rng.choice(CONVERTED_TIMES), rng.choice(CONVERSIONS)
        prompt = texts.convert.format(time=time, source=source, target=target)
        return prompt, f"{CONVERSION_FACTOR * time} {target}."
    place = rng.randrange(len(SYMBOLS))
    return texts.symbol.format(words=lexicon.materials[place]), f"{SYMBOLS[place]}."


def _sentence(words: Sequence[str]) -> str:
    return " ".join(words) + "."
