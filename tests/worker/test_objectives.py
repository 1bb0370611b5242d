from __future__ import annotations

import math
from collections.abc import Callable

import mlx.core as mx
import numpy as np
import pytest

from lorastudio.worker.objectives import dpo, nll, preference_accuracy, preference_margins

GOOD = np.array([[-1.0, -2.0, 0.0], [-0.5, 0.0, 0.0]], np.float32)
WEIGHTS = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]], np.float32)


def test_nll_counts_tokens_not_rows() -> None:
    assert nll(mx.array(GOOD), mx.array(WEIGHTS)).item() == pytest.approx(3.5 / 3)


def test_nll_ignores_what_has_no_weight() -> None:
    loud = np.where(WEIGHTS > 0, GOOD, -100.0).astype(np.float32)
    assert nll(mx.array(loud), mx.array(WEIGHTS)).item() == pytest.approx(3.5 / 3)


def test_margins_are_gains_over_the_reference() -> None:
    bad = GOOD - WEIGHTS  # one nat per token worse
    margins = preference_margins(mx.array(GOOD), mx.array(GOOD), mx.array(bad), mx.array(GOOD))
    assert margins.tolist() == pytest.approx([2.0, 1.0])


def test_margins_of_long_answers_keep_small_differences() -> None:
    reference = np.full((1, 4000), -7.3, np.float32)
    model = reference + np.float32(1e-4)
    margins = preference_margins(mx.array(model), mx.array(reference), mx.array(reference), mx.array(reference))
    assert margins.item() == pytest.approx(float((model - reference).astype(np.float64).sum()), rel=1e-4)


def test_dpo_by_hand() -> None:
    expected = (math.log(1 + math.exp(-0.2)) + math.log(1 + math.exp(0.1))) / 2
    assert dpo(mx.array([2.0, -1.0]), beta=0.1).item() == pytest.approx(expected, rel=1e-6)


def test_dpo_without_a_difference_is_ln_2() -> None:
    assert dpo(mx.array([0.0]), beta=0.7).item() == pytest.approx(math.log(2))


def test_label_smoothing_by_hand() -> None:
    right, wrong = math.log(1 + math.exp(-0.5)), math.log(1 + math.exp(0.5))
    smoothed = dpo(mx.array([5.0]), beta=0.1, label_smoothing=0.2).item()
    assert smoothed == pytest.approx(0.8 * right + 0.2 * wrong, rel=1e-6)


def test_accuracy_counts_ties_half() -> None:
    assert preference_accuracy(mx.array([3.0, 0.0, -1.0, 2.0])).item() == pytest.approx(2.5 / 4)


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: dpo(x, beta=0.3),
        lambda x: dpo(x, beta=0.3, label_smoothing=0.1),
        lambda x: nll(x[None], mx.array([[1.0, 1.0, 0.0]])),
    ],
    ids=["dpo", "smoothed dpo", "nll"],
)
def test_gradients_agree_with_finite_differences(loss: Callable[[mx.array], mx.array]) -> None:
    at = np.array([0.4, -1.3, 2.0], np.float32)
    gradient = np.array(mx.grad(loss)(mx.array(at)))
    step = 1e-2
    for index in range(3):
        moved = np.zeros(3, np.float32)
        moved[index] = step
        slope = (loss(mx.array(at + moved)).item() - loss(mx.array(at - moved)).item()) / (2 * step)
        assert gradient[index] == pytest.approx(slope, abs=2e-4)
