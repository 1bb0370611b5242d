"""How far a run has come: what it remembers beside its weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from lorastudio.training.protocol import Ending


@dataclass
class Progress:
    """All of it is in every checkpoint.

    `best_score` is the best evaluation's, greater is better; `worse_in_a_row` counts the evaluations since.
    `evaluated_step` is the last step that was evaluated, `ended` says how the run came to its end, once it has.
    """

    step: int = 0
    loss: float = math.nan
    best_step: int | None = None
    best_score: float = -math.inf
    worse_in_a_row: int = 0
    evaluated_step: int = 0
    skipped: int = 0
    skipped_in_a_row: int = 0
    tokens: int = 0
    elapsed_s: float = 0.0
    ended: Ending | None = None

    def as_record(self) -> dict[str, Any]:
        """As JSON, which has no NaN and no infinities: these are the defaults, and come back as such."""
        return {name: value for name, value in vars(self).items() if not _is_unset(value)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """TypeError or ValueError when the record is none of ours."""
        progress = cls(**record)
        progress.ended = None if progress.ended is None else Ending(progress.ended)
        return progress


def _is_unset(value: Any) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))
