from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lorastudio.gate.statistics import compare, mcnemar_p, ratio_p


def own_groups(count: int) -> list[str]:
    return [str(place) for place in range(count)]


def test_mean_interval_and_p_agree_with_the_normal_theory() -> None:
    rng = np.random.default_rng(1)
    differences = rng.normal(0.1, 0.5, size=400)
    found = compare(list(differences), own_groups(400), seed=0)
    error = float(np.std(differences)) / 20.0
    assert found.mean == pytest.approx(float(np.mean(differences)))
    assert found.spread == pytest.approx(float(np.std(differences)))
    assert found.interval[0] == pytest.approx(found.mean - 1.645 * error, abs=0.1 * error)
    assert found.interval[1] == pytest.approx(found.mean + 1.645 * error, abs=0.1 * error)
    expected_p = 0.5 * math.erfc(found.mean / error / math.sqrt(2.0))
    assert found.p_above == pytest.approx(expected_p, rel=0.5, abs=3e-4)


def test_the_same_seed_gives_the_same_figures() -> None:
    rng = random.Random(3)
    differences = [rng.choice([-0.25, 0.0, 0.25]) for _ in range(60)]
    assert compare(differences, own_groups(60), seed=5) == compare(differences, own_groups(60), seed=5)


def test_equal_models_are_never_shown_to_differ() -> None:
    found = compare([0.0] * 50, own_groups(50), seed=0)
    assert (found.mean, found.p_above, found.p_below, found.interval) == (0.0, 1.0, 1.0, (0.0, 0.0))


def test_few_groups_cannot_be_sure() -> None:
    assert compare([1.0], ["a"], seed=0).p_above == pytest.approx(0.5, abs=0.02)
    assert compare([1.0] * 5, own_groups(5), seed=0).p_above == pytest.approx(1 / 32, abs=0.005)


def test_questions_of_one_group_count_once() -> None:
    alone = compare([0.5, 0.5, -0.25, 0.25] * 5, own_groups(20), seed=0)
    doubled = compare([0.5, 0.5, -0.25, 0.25] * 10, own_groups(20) * 2, seed=0)
    assert doubled.groups == alone.groups == 20
    assert doubled.p_above == pytest.approx(alone.p_above)
    assert doubled.interval == pytest.approx(alone.interval)


def test_large_groups_weigh_by_their_questions() -> None:
    found = compare([1.0, 1.0, 1.0, 0.0], ["a", "a", "a", "b"], seed=0)
    assert found.mean == pytest.approx(0.75)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]), min_size=2, max_size=40))
def test_turning_the_models_round_turns_the_answer_round(differences: list[float]) -> None:
    groups = own_groups(len(differences))
    forward = compare(differences, groups, seed=1, resamples=2_000)
    back = compare([-value for value in differences], groups, seed=1, resamples=2_000)
    assert back.mean == pytest.approx(-forward.mean)
    assert back.p_above == pytest.approx(forward.p_below, abs=0.04)
    assert 0.0 < forward.p_above <= 1.0
    assert forward.p_above + forward.p_below >= 0.9


def test_false_alarms_stay_at_the_level_whatever_the_number_of_questions() -> None:
    rng = np.random.default_rng(11)
    for count in (4, 12, 60):
        alarms = 0
        for trial in range(300):
            a, b = (rng.binomial(4, 0.15, size=count) / 4.0 for _ in range(2))
            alarms += compare(list(b - a), own_groups(count), seed=trial, resamples=1_000).p_above < 0.05
        assert alarms / 300 <= 0.075, count  # 0.05 and two standard errors


def test_a_ratio_is_tested_against_one() -> None:
    rng = random.Random(0)
    short = [rng.gauss(20, 4) for _ in range(80)]
    long = [rng.gauss(30, 4) for _ in range(80)]
    ratio, p_longer, p_shorter = ratio_p(long, short, own_groups(80), seed=0)
    assert ratio == pytest.approx(1.5, abs=0.08)
    assert p_longer < 0.001
    assert p_shorter > 0.999


@pytest.mark.parametrize(
    ("losses", "wins", "p"),
    [(0, 0, 1.0), (5, 0, 1 / 32), (4, 0, 1 / 16), (6, 1, 8 / 128), (0, 5, 1.0), (1, 1, 0.75)],
)
def test_mcnemar_is_exact(losses: int, wins: int, p: float) -> None:
    assert mcnemar_p(losses, wins) == pytest.approx(p)
