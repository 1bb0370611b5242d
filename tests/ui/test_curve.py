"""Curves stay small, keep their peaks, and hold nothing twice."""

from __future__ import annotations

import math

import pytest

from lorastudio.ui.widgets.plots.curve import Curve
from lorastudio.ui.widgets.plots.run_curves import RunCurves
from lorastudio.ui.widgets.plots.ticks import even_ticks, log_ticks, tick_text


def test_smoothing_is_an_exponential_average_from_the_first_value_on() -> None:
    curve = Curve()
    for step, value in enumerate((1.0, 2.0, 0.0), 1):
        curve.add(step, value)
    assert curve.smooth().y == pytest.approx([1.0, 1.4, 0.84])
    assert curve.raw() == ([1, 2, 3], [1.0, 2.0, 0.0])


def test_values_that_are_not_finite_are_gaps() -> None:
    curve = Curve()
    for step, value in enumerate((1.0, None, math.nan, math.inf, 3.0), 1):
        curve.add(step, value)
    assert curve.gaps == [2, 3, 4]
    assert curve.raw().x == [1, 5]
    assert (curve.height_at(3), curve.height_at(0), curve.last_step) == (1.0, 0.0, 5)


def test_a_long_run_keeps_its_peaks_in_bounded_room() -> None:
    curve = Curve(most=100)
    for step in range(1, 100_001):
        curve.add(step, 50.0 if step == 77_777 else math.sin(step / 5000))
    xs, ys = curve.raw()
    assert len(curve.smooth().x) <= 100
    assert len(xs) <= 200
    assert (max(ys), xs[ys.index(max(ys))], curve.last_step) == (50.0, 77_777, 100_000)
    assert xs == sorted(xs)


def test_steps_that_come_again_replace_the_old_ones() -> None:
    curve = Curve()
    for step, value in ((1, 1.0), (2, 1.0), (3, None), (4, 9.0), (3, 1.0), (4, 1.0)):
        curve.add(step, value)
    assert (curve.raw(), curve.gaps, curve.smoothed) == (([1, 2, 3, 4], [1.0] * 4), [], 1.0)


def test_a_resumed_run_forgets_the_evaluations_that_it_repeats() -> None:
    curves = RunCurves()
    curves.read([{"step": step, "steps": 8, "loss": 1.0} for step in range(1, 7)], [{"step": 5, "loss": 0.5}])
    curves.add_step({"step": 4, "steps": 8, "loss": 1.0})
    assert (curves.last_step, curves.steps, curves.development_loss.smooth().x) == (4, 8, [])


def test_ticks_are_round_and_few() -> None:
    assert even_ticks(0, 1.07, 6) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert even_ticks(3, 3, 5) == [3]
    assert even_ticks(0, 3, 6, whole=True) == [0, 1, 2, 3]
    assert even_ticks(0, 14, 6, whole=True) == [0, 5, 10]
    assert [tick_text(10**value) for value in log_ticks(-1.2, 0.1, 6)] == ["0.1", "0.2", "0.5", "1"]
    assert [tick_text(10**value) for value in log_ticks(-0.15, 0.04, 6)] == ["0.8", "0.9", "1"]
    assert [tick_text(value) for value in (0.30000000000000004, 1200, 40000, 5e-5)] == ["0.3", "1,200", "40k", "5e-5"]
