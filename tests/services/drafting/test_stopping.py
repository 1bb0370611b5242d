from __future__ import annotations

import pytest

from lorastudio.domain.draft import Critique, Draft, DraftState, Issue, StopReason
from lorastudio.services.drafting.stopping import Round, StopRules, best_round, is_unchanged, stop_reason

RULES = StopRules(max_iterations=6, target_score=0.9, least_gain=0.05, unchanged_similarity=0.99)
ABSTAINED, UNJUDGED = "abstained", "unjudged"
Told = float | str


def rounds_of(*told: Told, severe: tuple[int, ...] = ()) -> list[Round]:
    """One round for each score or word; the drafts all differ; `severe` are places with a severe issue."""
    rounds = []
    for place, item in enumerate(told):
        draft = Draft(place + 1, 1, place + 1, f"draft number {place}", DraftState.FINISHED)
        issues = (Issue("facts", "Wrong.", severe=True),) if place in severe else ()
        score = item if isinstance(item, float) else None
        critique = Critique(place + 1, draft.id, score, 0.0, {}, issues, abstained=item == ABSTAINED)
        rounds.append(Round(draft, None if item == UNJUDGED else critique))
    return rounds


@pytest.mark.parametrize(
    ("told", "severe", "reason"),
    [
        ((0.5,), (), None),
        ((0.9,), (), StopReason.SCORE_REACHED),
        ((0.9 - 1e-12,), (), StopReason.SCORE_REACHED),
        ((1.0,), (0,), None),
        ((0.5, 0.6), (), None),
        ((0.5, 0.52), (), None),
        ((0.5, 0.52, 0.53), (), StopReason.LITTLE_GAIN),
        ((0.5, 0.8, 0.7), (), None),
        ((0.5, 0.8, 0.7, 0.84), (), StopReason.LITTLE_GAIN),
        ((0.5, 0.8, 0.7, 0.86), (), None),
        ((0.8, 0.7, 0.6), (), StopReason.SCORE_FELL),
        ((0.8, 0.6, 0.7), (), StopReason.LITTLE_GAIN),
        ((0.1, 0.8, 0.7, 0.6), (), StopReason.SCORE_FELL),
        ((ABSTAINED,), (), None),
        ((ABSTAINED, ABSTAINED), (), StopReason.ABSTAINED),
        ((ABSTAINED, 0.5, ABSTAINED), (), StopReason.ABSTAINED),
        ((UNJUDGED, UNJUDGED, UNJUDGED), (), None),
        ((0.5, UNJUDGED, 0.52, UNJUDGED), (), None),
        ((0.1, 0.2, 0.3, 0.4, 0.5, 0.6), (), StopReason.MAX_ITERATIONS),
        ((0.1, 0.2, 0.3, 0.4, 0.5, UNJUDGED), (), StopReason.MAX_ITERATIONS),
        ((0.1, 0.2, 0.3, 0.4, 0.5, 0.9), (), StopReason.SCORE_REACHED),
    ],
)
def test_when_the_loop_ends(told: tuple[Told, ...], severe: tuple[int, ...], reason: StopReason | None) -> None:
    assert stop_reason(rounds_of(*told, severe=severe), RULES) is reason


def test_a_draft_that_hardly_changed_ends_the_loop() -> None:
    rounds = rounds_of(0.5, 0.6)
    same = Draft(2, 1, 2, "draft  number\n0 ", DraftState.FINISHED)
    assert stop_reason([rounds[0], Round(same, rounds[1].critique)], RULES) is StopReason.UNCHANGED


def test_what_hardly_changed_means() -> None:
    words = [f"word{number}" for number in range(400)]
    text = " ".join(words)
    assert is_unchanged(text, " ".join([*words[:-1], "other"]), 0.99)
    assert not is_unchanged(text, " ".join([*words[:-20], *["other"] * 20]), 0.99)
    assert not is_unchanged(text, " ".join(reversed(words)), 0.99)
    assert not is_unchanged("", "", 0.99)


@pytest.mark.parametrize(
    ("told", "severe", "best"),
    [
        ((0.5, 0.8, 0.6), (), 1),
        ((0.5, 0.5), (), 0),
        ((0.5, 0.5), (0,), 1),
        ((UNJUDGED, 0.0), (), 1),
        ((UNJUDGED, ABSTAINED), (), None),
    ],
)
def test_the_best_draft_is_kept_not_the_last(told: tuple[Told, ...], severe: tuple[int, ...], best: int | None) -> None:
    rounds = rounds_of(*told, severe=severe)
    assert best_round(rounds) is (None if best is None else rounds[best])
