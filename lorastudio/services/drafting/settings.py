"""The settings of a cycle that drafting reads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from lorastudio.domain.errors import UsageError
from lorastudio.domain.rubric import Rubric, rubric_from_record

CALIBRATE_EVERY = 10


@dataclass(frozen=True, slots=True)
class DraftingSettings:
    """Scores and gains run from 0 to 1.

    `target_score`: a draft with this score and no severe issue ends the loop (None: 1.0 in the practice
    world, else 0.9). `least_gain`: two rounds in a row that gain less end it. `unchanged_similarity`: so does
    a draft this like the one before, by its words. `critiques_per_draft`: answers whose median counts.
    `budget_tokens`, `budget_usd` and `budget_s` hold for the whole cycle, seconds counted from its start or
    restart. `judge_final`: the best draft and its counterpart are compared in both orders. One good draft in
    `calibrate_every` is shown to the critic with a planted fault (0: none). `temperature` None is that of the
    writer's endpoint, else 0.8. `constraints` are added to the task, `words` is the length aimed at, `rubric`
    replaces the general one.
    """

    target_score: float | None = None
    least_gain: float = 0.02
    unchanged_similarity: float = 0.99
    critiques_per_draft: int = 1
    budget_tokens: int | None = None
    budget_usd: float | None = None
    budget_s: float | None = None
    judge_final: bool = True
    calibrate_every: int = CALIBRATE_EVERY
    temperature: float | None = None
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
        settings.refuse_nonsense()
        return settings

    def as_record(self) -> dict[str, Any]:
        """What differs from the defaults, as plain JSON; `from_record` reads it again."""
        differing = {name: value for name, value in asdict(self).items() if value != getattr(DraftingSettings(), name)}
        if self.rubric is not None:
            differing["rubric"] = self.rubric.as_record()
        return differing

    def refuse_nonsense(self) -> None:
        """`UsageError` that names the first value which can't work."""
        counts = (self.critiques_per_draft, self.max_tokens, self.critic_max_tokens)
        if any(count < 1 for count in counts) or self.calibrate_every < 0:
            raise UsageError("A cycle needs at least one critique per draft and one token per answer.")
        shares = {
            "target score": self.target_score,
            "least gain": self.least_gain,
            "similarity": self.unchanged_similarity,
        }
        for name, share in shares.items():
            if share is not None and not 0 <= share <= 1:
                raise UsageError(f"The {name} of a cycle lies between 0 and 1, not at {share:g}.")
        caps = {"tokens": self.budget_tokens, "dollars": self.budget_usd, "seconds": self.budget_s}
        for name, cap in caps.items():
            if cap is not None and not 0 <= cap < math.inf:
                raise UsageError(f"A budget of {cap:g} {name} makes no sense.", "Give a number, 0 or above.")
        if self.words is not None and not 0 <= self.words[0] <= self.words[1]:
            raise UsageError(f"Answers can't be between {self.words[0]} and {self.words[1]} words long.")
