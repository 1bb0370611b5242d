"""When a question's loop ends, and which of its drafts is best. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from lorastudio.domain.draft import Critique, Draft, StopReason

_ROUNDS_OF_LITTLE_GAIN = 2
_FALLS = 2
_ABSTENTIONS = 2
# Scores are means of a few levels; a difference below this is rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Round:
    """One draft with its verdict; `critique` is None when the draft was cut off or empty and not judged."""

    draft: Draft
    critique: Critique | None

    @property
    def score(self) -> float | None:
        return self.critique.score if self.critique else None

    @property
    def abstained(self) -> bool:
        return self.critique is not None and self.critique.abstained

    @property
    def severe(self) -> bool:
        return self.critique is not None and any(issue.severe for issue in self.critique.issues)


@dataclass(frozen=True, slots=True)
class StopRules:
    """See `DraftingSettings` for the meaning of each."""

    max_iterations: int
    target_score: float
    least_gain: float
    unchanged_similarity: float


def stop_reason(rounds: Sequence[Round], rules: StopRules) -> StopReason | None:
    """Why the loop ends after these rounds, None when it goes on. The first rule that holds counts.

    A budget is none of these rules: it is looked at before a draft is asked for.
    """
    last = rounds[-1]
    scores = [score for item in rounds if (score := item.score) is not None]
    if last.score is not None and last.score >= rules.target_score - _ROUNDING and not last.severe:
        return StopReason.SCORE_REACHED
    if sum(item.abstained for item in rounds) >= _ABSTENTIONS:
        return StopReason.ABSTAINED
    if len(rounds) > 1 and is_unchanged(rounds[-2].draft.text, last.draft.text, rules.unchanged_similarity):
        return StopReason.UNCHANGED
    if last.score is not None and _fell(scores):
        return StopReason.SCORE_FELL
    if last.score is not None and _gained_little(scores, rules.least_gain):
        return StopReason.LITTLE_GAIN
    if len(rounds) >= rules.max_iterations:
        return StopReason.MAX_ITERATIONS
    return None


def best_round(rounds: Sequence[Round]) -> Round | None:
    """The round with the highest score, without a severe issue before with one, the earliest of equals."""
    scored = [(item.score, not item.severe, -index) for index, item in enumerate(rounds) if item.score is not None]
    return rounds[-max(scored)[2]] if scored else None


def is_unchanged(before: str, after: str, similarity: float) -> bool:
    """Whether two texts are the same but for blanks, or their words agree to `similarity` (0..1)."""
    old, new = before.split(), after.split()
    if old == new:
        return bool(new)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    # The quick ratio is an upper bound: the slow one is needed for near-equal texts alone.
    return matcher.quick_ratio() >= similarity and matcher.ratio() >= similarity


def _fell(scores: Sequence[float]) -> bool:
    """Whether the score fell in each of the last rounds."""
    recent = scores[-_FALLS - 1 :]
    return len(recent) > _FALLS and all(after < before - _ROUNDING for before, after in pairwise(recent))


def _gained_little(scores: Sequence[float], least_gain: float) -> bool:
    """Whether each of the last rounds beat the best before it by less than `least_gain`."""
    if len(scores) <= _ROUNDS_OF_LITTLE_GAIN:
        return False
    last = range(len(scores) - _ROUNDS_OF_LITTLE_GAIN, len(scores))
    return all(scores[index] - max(scores[:index]) < least_gain - _ROUNDING for index in last)
