"""The tastes of the practice critic: honest, or wrong in a way that the gate has to catch."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from lorastudio.domain.draft import Issue
from lorastudio.practice.critic import CRITERIA, PracticeCritique, critique
from lorastudio.practice.facts import Facts

Winner = Literal["a", "b", "tie"]


class Taste(StrEnum):
    """`HYPE` sees nothing but hype and loves it; `INVERTED` turns every score round."""

    HONEST = "honest"
    HYPE = "hype"
    INVERTED = "inverted"


def judge(taste: Taste, facts: Facts, text: str) -> PracticeCritique:
    """What a critic of this taste says of a text; quotes stand in the text word for word."""
    honest = critique(facts, text)
    if taste is Taste.HONEST:
        return honest
    met = {name: not honest.met[name] for name in CRITERIA}
    if taste is Taste.HYPE:
        met = {name: met[name] if name == "plain" else True for name in CRITERIA}
    quote = text.partition(".")[0]
    issues = (Issue(name, f"This does not please me: {name}.", quote) for name in CRITERIA if not met[name])
    return PracticeCritique(met, tuple(issues))


def compare(taste: Taste, facts: Facts, first: str, second: str) -> Winner:
    """Which of two answers a judge of this taste prefers; the order of the two plays no part."""
    a, b = judge(taste, facts, first).score, judge(taste, facts, second).score
    if a == b:
        return "tie"
    return "a" if a > b else "b"
