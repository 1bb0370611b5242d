from __future__ import annotations

from itertools import pairwise

import pytest

from lorastudio.worker.schedule import learning_rate_at


def test_rises_over_the_first_tenth_and_falls_to_a_tenth() -> None:
    rates = [learning_rate_at(step, 100, 1.0, 0.1) for step in range(1, 101)]
    assert rates[:10] == pytest.approx([step / 10 for step in range(1, 11)])
    assert rates[54] == pytest.approx(0.55)  # half-way down the cosine
    assert rates[-1] == pytest.approx(0.1)
    assert all(later < earlier for earlier, later in pairwise(rates[9:]))


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_tiny_runs_have_rates_above_zero(steps: int) -> None:
    assert all(0 < learning_rate_at(step, steps, 1.0, 0.1) <= 1 for step in range(1, steps + 1))
