"""The settings of a cycle that drafting reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from lorastudio.domain.draft import Criterion, Rubric
from lorastudio.domain.errors import UsageError


@dataclass(frozen=True, slots=True)
class DraftingSettings:
    """Scores and gains run from 0 to 1.

    `target_score`: a draft with this score and no severe issue ends the loop (None: 1.0 in the practice
    world, else 0.9). `least_gain`: two rounds in a row that gain less end it. `unchanged_similarity`: so does
    a draft this like the one before, by its words. `critiques_per_draft`: answers whose median counts.
    `budget_tokens` and `budget_s` hold for the whole cycle, seconds counted from its start or restart.
    `constraints` are added to the task, `words` is the length aimed at, `rubric` replaces the general one.
    """

    target_score: float | None = None
    least_gain: float = 0.02
    unchanged_similarity: float = 0.99
    critiques_per_draft: int = 1
    budget_tokens: int | None = None
    budget_s: float | None = None
    temperature: float = 0.8
    max_tokens: int = 2048
    critic_max_tokens: int = 4096
    constraints: str = ""
    words: tuple[int, int] | None = None
    rubric: Rubric | None = None

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> DraftingSettings:
        """From a cycle's settings; keys of others are left alone. UsageError for values that can't work."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in record.items() if name in known and value is not None}
        if "words" in values:
            least, most = values["words"]
            values["words"] = (int(least), int(most))
        if "rubric" in values:
            values["rubric"] = rubric_from_record(values["rubric"])
        settings = cls(**values)
        if settings.critiques_per_draft < 1 or settings.max_tokens < 1 or settings.critic_max_tokens < 1:
            raise UsageError("A cycle needs at least one critique per draft and one token per answer.")
        return settings


def rubric_from_record(record: Mapping[str, Any]) -> Rubric:
    """The rubric from JSON: {"name", "criteria": [{"name", "levels": [worst … best], "weight"}]}."""
    try:
        criteria = tuple(
            Criterion(item["name"], tuple(item["levels"]), float(item.get("weight", 1.0)))
            for item in record["criteria"]
        )
        name = str(record["name"])
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"The rubric can't be read: {type(error).__name__} {error}.") from error
    if not criteria or any(len(item.levels) < 2 or item.weight <= 0 for item in criteria):
        raise UsageError("Each criterion of a rubric needs two levels or more, and a weight above zero.")
    return Rubric(name, criteria)
