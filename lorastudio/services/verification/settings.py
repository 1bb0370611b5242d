"""The settings of a verification."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from lorastudio.domain.errors import UsageError
from lorastudio.domain.verified import Method


@dataclass(frozen=True, slots=True)
class VerificationSettings:
    """`method`: how answers are compared. `patience_s`: a teacher that has not answered whole by then counts as down
    for that question (silence is bounded by the endpoint's own idle timeout). `accept`: pairs with enough
    confidence are accepted by the confidence rule, else they wait for review.

    `budget_tokens`, `budget_usd` and `budget_s` hold for the whole verification, seconds counted from its start
    or restart. `max_tokens` limits each answer, `examiner_max_tokens` each judgement of the others' answers.
    """

    method: Method = Method.AUTO
    patience_s: float = 600.0
    accept: bool = True
    budget_tokens: int | None = None
    budget_usd: float | None = None
    budget_s: float | None = None
    max_tokens: int = 2048
    examiner_max_tokens: int = 2048

    def __post_init__(self) -> None:
        if self.max_tokens < 1 or self.examiner_max_tokens < 1:
            raise UsageError("A verification needs at least one token per answer.")
        caps = {"tokens": self.budget_tokens, "dollars": self.budget_usd, "seconds": self.budget_s}
        for name, cap in caps.items():
            if cap is not None and not 0 <= cap < math.inf:
                raise UsageError(f"A budget of {cap:g} {name} makes no sense.", "Give a number, 0 or above.")
        if not 0 < self.patience_s < math.inf:
            raise UsageError(f"A patience of {self.patience_s:g} seconds makes no sense.", "Give a number above 0.")

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> VerificationSettings:
        """What `as_record` gave."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in record.items() if name in known}
        return cls(**values | {"method": Method(values.get("method", Method.AUTO))})

    def as_record(self) -> dict[str, Any]:
        """As plain JSON types; `from_record` reads it again."""
        return asdict(self)
