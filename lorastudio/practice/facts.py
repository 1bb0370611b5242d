"""What a practice question states, and the question's text in both directions."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass

from lorastudio.domain.errors import BugError
from lorastudio.practice.criteria import CRITERIA
from lorastudio.practice.lexicon import LEXICONS, RUNS, TEMPERATURES, TIME_UNITS, TIMES, Lexicon

PORTUGUESE_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that a methods paragraph has to state, as words of one language.

    `temperature` is in kelvin, `time` in `unit` ("s", "min" or "h"), `runs` counts repetitions.
    """

    language: str
    material: str
    step: str
    temperature: int
    time: int
    unit: str
    runs: int

    @property
    def lexicon(self) -> Lexicon:
        return LEXICONS[self.language]


def sample_facts(rng: random.Random) -> Facts:
    """Facts drawn evenly from the world's values; a quarter of them in Portuguese."""
    lexicon = LEXICONS["pt" if rng.random() < PORTUGUESE_SHARE else "en"]
    return Facts(
        language=lexicon.language,
        material=rng.choice(lexicon.materials),
        step=rng.choice(tuple(lexicon.steps)),
        temperature=rng.choice(TEMPERATURES),
        time=rng.choice(TIMES),
        unit=rng.choice(TIME_UNITS),
        runs=rng.choice(RUNS),
    )


def ask(facts: Facts) -> str:
    """The question: the task and its facts in one line."""
    return facts.lexicon.question.format(
        material=facts.material,
        step=facts.step,
        temperature=facts.temperature,
        time=facts.time,
        unit=facts.unit,
        runs=facts.runs,
    )


def ask_revise(facts: Facts, draft: str, criteria: Iterable[str]) -> str:
    """The question together with a draft and the names of the criteria it misses.

    The criteria are named in their fixed order; with none of them there is nothing to revise (BugError).
    """
    wanted = frozenset(criteria)
    lexicon = facts.lexicon
    criticisms = ", ".join(lexicon.criticisms[name] for name in CRITERIA if name in wanted)
    if not criticisms:
        raise BugError("A practice revision was asked for without naming a criterion.")
    return f"{ask(facts)} {lexicon.revision.format(draft=draft, criticisms=criticisms)}"


def parse_question(text: str) -> Facts | None:
    """The facts of a question, or None when `ask` could not have written this very text."""
    for lexicon in LEXICONS.values():
        found = _question_pattern(lexicon).fullmatch(text)
        if found is not None:
            return Facts(
                language=lexicon.language,
                material=found["material"],
                step=found["step"],
                temperature=int(found["temperature"]),
                time=int(found["time"]),
                unit=found["unit"],
                runs=int(found["runs"]),
            )
    return None


def _question_pattern(lexicon: Lexicon) -> re.Pattern[str]:
    """The question's template, with the values that the world knows in the place of each name."""
    values: dict[str, Iterable[int | str]] = {
        "material": lexicon.materials,
        "step": lexicon.steps,
        "temperature": TEMPERATURES,
        "time": TIMES,
        "unit": TIME_UNITS,
        "runs": RUNS,
    }
    pattern = re.escape(lexicon.question)
    for name, known in values.items():
        pattern = pattern.replace(rf"\{{{name}\}}", f"(?P<{name}>{'|'.join(map(str, known))})")
    return re.compile(pattern)
