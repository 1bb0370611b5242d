"""Rubrics: what a critic scores by, each level of each criterion put in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lorastudio.domain.errors import UsageError

MOST_CRITERIA = 12
MOST_LEVELS = 10
MOST_WORDS = 600
_FORM = 'Write {"name": "…", "criteria": [{"name": "…", "levels": ["worst", …, "best"], "weight": 1}]}.'


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of a rubric: `levels` are the anchored descriptions from worst to best."""

    name: str
    levels: tuple[str, ...]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Rubric:
    """What the critic scores by. Scores of a criterion run from 0 to len(levels) - 1."""

    name: str
    criteria: tuple[Criterion, ...]

    def as_record(self) -> dict[str, Any]:
        """Plain JSON; `rubric_from_record` reads it again."""
        criteria = [{"name": item.name, "levels": list(item.levels), "weight": item.weight} for item in self.criteria]
        return {"name": self.name, "criteria": criteria}


def rubric_from_record(record: Any) -> Rubric:
    """The rubric in a JSON object; `UsageError` says which criterion is wrong and how.

    Names are one line, criteria have two to ten levels that differ, weights are above zero.
    """
    if not isinstance(record, Mapping):
        raise UsageError("A rubric is a JSON object.", _FORM)
    name, listed = record.get("name"), record.get("criteria")
    if not isinstance(name, str) or not _is_line(name):
        raise UsageError('The rubric has no "name".', _FORM)
    if not isinstance(listed, (list, tuple)) or not 1 <= len(listed) <= MOST_CRITERIA:
        raise UsageError(f"The rubric {name!r} needs 1 to {MOST_CRITERIA} criteria.", _FORM)
    criteria = tuple(_criterion(item, number) for number, item in enumerate(listed, 1))
    names = [item.name.casefold() for item in criteria]
    if twice := next((item.name for item in criteria if names.count(item.name.casefold()) > 1), None):
        raise UsageError(f"The rubric {name!r} has two criteria called {twice!r}.", "Give each a name of its own.")
    return Rubric(name.strip(), criteria)


def _criterion(record: Any, number: int) -> Criterion:
    if not isinstance(record, Mapping) or not _is_line(record.get("name")):
        raise UsageError(f"Criterion {number} of the rubric has no name.", _FORM)
    name, levels, weight = record["name"].strip(), record.get("levels"), record.get("weight", 1.0)
    if not isinstance(levels, (list, tuple)) or not 2 <= len(levels) <= MOST_LEVELS:
        raise UsageError(f"The criterion {name!r} needs 2 to {MOST_LEVELS} levels, from worst to best.", _FORM)
    texts = [level.strip() if isinstance(level, str) else "" for level in levels]
    if not all(0 < len(text) <= MOST_WORDS for text in texts):
        raise UsageError(
            f"Each level of the criterion {name!r} has to be put in words, in at most {MOST_WORDS} characters.", _FORM
        )
    if len(set(texts)) < len(texts):
        raise UsageError(f"Two levels of the criterion {name!r} say the same.", "Tell them apart.")
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < math.inf:
        raise UsageError(f"The weight of the criterion {name!r} has to be a number above zero.", _FORM)
    return Criterion(name, tuple(texts), float(weight))


def _is_line(text: Any) -> bool:
    return isinstance(text, str) and 0 < len(text.strip()) <= 80 and "\n" not in text.strip()
