"""What the two ways to compute on answers have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import mlx.core as mx

from lorastudio.worker.answers import AnswerBook
from lorastudio.worker.targets import Targets


class Pass(Protocol):
    """Some answers, laid out for one forward pass."""

    @property
    def targets(self) -> Targets: ...


class AnswerModel(Protocol):
    """Log-probabilities of a book's answers under a model, adapters as they are at the time of the call.

    A pass goes to the model that made it. The trunk is what stands below the first adapter: it never changes, so a
    model may keep what it gives out.
    """

    book: AnswerBook

    def make_pass(self, answers: Sequence[int], pairs: Sequence[tuple[int, int]] = ()) -> Pass:
        """Lay out answers by number; shared tokens of `pairs` (positions in `answers`) are left unscored."""
        ...

    def log_probs(self, work: Any) -> mx.array:
        """(scored,) float32, differentiable in the adapter."""
        ...

    def scores(self, work: Any) -> tuple[mx.array, mx.array]:
        """Log-probabilities as above and whether each token was the first choice, (scored,) each, no gradient."""
        ...

    @property
    def kept_blocks(self) -> int:
        """How many blocks are not computed again, since what they give out is kept."""
        ...

    def keep_trunk(self, folder: Path) -> None:
        """From now on keep the trunk's outputs in a file in `folder`, where that is possible and not too much."""
        ...

    def fill_trunk(self, work: Any) -> None:
        """Compute the trunk for a pass, if it is kept and not there yet."""
        ...

    def drop_trunk(self) -> None:
        """Keep nothing any more, and give the file back."""
        ...
