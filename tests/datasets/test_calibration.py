"""Isotonic calibration against a brute-force fit, and on decisions whose truth is known."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorastudio.datasets.calibration import Decision, fit_isotonic, reliability, study

DECISIONS = st.lists(
    st.builds(Decision, st.integers(0, 20).map(lambda n: n / 20), st.booleans(), st.just("g")), min_size=1, max_size=40
)


def least_squares(decisions: list[Decision]) -> dict[float, float]:
    """The isotonic fit by its min-max formula: at each place the greatest, over all beginnings before it, of the
    least mean up to any end after it (Robertson, Wright and Dykstra, 1988)."""
    ordered = sorted((decision.confidence, float(decision.accepted)) for decision in decisions)
    points = [(ordered[0][0], 1.0), *ordered, (ordered[-1][0], 0.0)]
    places = sorted({place for place, _ in points})

    def mean(first: float, last: float) -> float:
        values = [value for place, value in points if first <= place <= last]
        return sum(values) / len(values)

    return {
        here: max(min(mean(first, last) for last in places if last >= here) for first in places if first <= here)
        for here in places
    }


@given(DECISIONS)
def test_the_fit_is_the_one_of_least_squares(decisions: list[Decision]) -> None:
    fitted = fit_isotonic(decisions)
    for place, value in least_squares(decisions).items():
        assert fitted(place) == pytest.approx(value)


@given(DECISIONS, st.floats(0, 1))
def test_the_map_never_falls_and_its_inverse_is_the_threshold(decisions: list[Decision], wanted: float) -> None:
    fitted = fit_isotonic(decisions)
    values = [fitted(n / 100) for n in range(101)]
    assert all(one <= other for one, other in pairwise(values))
    assert min(values) >= 0 and max(values) < 1
    least = fitted.least_raw(wanted)
    for n in range(101):
        assert (fitted(n / 100) >= wanted) == (least is not None and n / 100 >= least)


def drawn(count: int, truth: float, seed: int = 1) -> list[Decision]:
    """Decisions whose acceptance has the chance confidence ** truth; each on a question of its own."""
    rng = random.Random(seed)
    found = []
    for number in range(count):
        confidence = rng.random()
        found.append(Decision(confidence, rng.random() < confidence**truth, f"q{number}"))
    return found


def test_overconfidence_is_mended_on_questions_that_were_not_seen() -> None:
    decisions = drawn(2000, truth=3.0)
    found = study(decisions)
    assert found.raw.ece > 0.2
    assert found.calibrated.ece < 0.06
    assert found.calibrated.brier < found.raw.brier
    assert fit_isotonic(decisions)(0.8) == pytest.approx(0.8**3, abs=0.08)
    assert sum(place.decisions for place in found.calibrated.bins) == 2000


def test_a_confidence_that_is_right_is_left_about_right() -> None:
    fitted = fit_isotonic(drawn(3000, truth=1.0))
    assert all(fitted(place / 10) == pytest.approx(place / 10, abs=0.1) for place in range(1, 10))


def test_decisions_on_one_question_are_never_on_both_sides() -> None:
    # The group alone tells: whoever saw the group's other decisions would be right every time.
    rng = random.Random(2)
    groups = {f"q{number}": rng.random() < 0.5 for number in range(200)}
    decisions = [
        Decision(0.5 + number / 1e4, accepted, group) for number, (group, accepted) in enumerate(groups.items())
    ]
    found = study([*decisions, *decisions, *decisions])
    assert found.calibrated.brier > 0.2


def test_reliability_of_a_small_table() -> None:
    found = reliability([(0.05, False), (0.95, True), (1.0, False)])
    assert [(place.low, place.high, place.decisions, place.accepted) for place in found.bins] == [
        (0.0, 0.1, 1, 0.0),
        (0.9, 1.0, 2, 0.5),
    ]
    assert found.ece == pytest.approx((0.05 + 2 * 0.475) / 3)
    assert found.brier == pytest.approx((0.05**2 + 0.05**2 + 1) / 3)
