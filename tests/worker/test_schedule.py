from __future__ import annotations

from itertools import pairwise

import pytest

from lorastudio.training.config import Schedule
from lorastudio.worker.schedule import learning_rate_at


def rates(schedule: Schedule, steps: int = 100, warmup: float = 0.1) -> list[float]:
    return [learning_rate_at(step, steps, 1.0, warmup, schedule) for step in range(1, steps + 1)]


@pytest.mark.parametrize("schedule", [Schedule.COSINE, Schedule.LINEAR])
def test_rises_over_the_first_tenth_and_falls_to_a_tenth(schedule: Schedule) -> None:
    found = rates(schedule)
    assert found[:10] == pytest.approx([step / 10 for step in range(1, 11)])
    assert found[54] == pytest.approx(0.55)  # half-way down
    assert found[-1] == pytest.approx(0.1)
    assert all(later < earlier for earlier, later in pairwise(found[9:]))


def test_a_quarter_down_the_line_and_the_cosine_differ() -> None:
    found = [learning_rate_at(3, 9, 1.0, 0.1, schedule) for schedule in (Schedule.LINEAR, Schedule.COSINE)]
    assert found == pytest.approx([1 - 0.9 / 4, 0.1 + 0.9 * 0.8535534])  # ½(1 + cos 45°)


def test_constant_stays_at_the_peak() -> None:
    assert rates(Schedule.CONSTANT)[9:] == [1.0] * 91


@pytest.mark.parametrize("schedule", list(Schedule))
def test_without_a_warm_up_it_starts_at_the_peak(schedule: Schedule) -> None:
    assert rates(schedule, 50, 0.0)[0] == 1.0


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("schedule", list(Schedule))
def test_tiny_runs_have_rates_above_zero(schedule: Schedule, steps: int) -> None:
    assert all(0 < rate <= 1 for rate in rates(schedule, steps))
