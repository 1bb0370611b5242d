from __future__ import annotations

import math
from collections.abc import Callable

import mlx.core as mx
import numpy as np
import pytest

from lorastudio.worker.objectives import (
    cpo_losses,
    dpo_losses,
    ipo_losses,
    kto_divergence,
    kto_losses,
    mean_nll_losses,
    nll_losses,
    orpo_losses,
    simpo_losses,
    wins,
)

Loss = Callable[[mx.array], mx.array]


def test_nll_by_hand() -> None:
    log_probs, tokens = mx.array([-6.0, -1.5]), mx.array([4.0, 1.0])
    assert nll_losses(log_probs).tolist() == [6.0, 1.5]
    assert mean_nll_losses(log_probs, tokens).tolist() == [1.5, 1.5]


def test_dpo_by_hand() -> None:
    # ln(1 + e^-0.2) = ln 1.818731 and ln(1 + e^0.1) = ln 2.105171
    assert dpo_losses(mx.array([2.0, -1.0]), beta=0.1).tolist() == pytest.approx([0.598139, 0.744397], abs=1e-6)


def test_dpo_without_a_difference_is_ln_2() -> None:
    assert dpo_losses(mx.array([0.0]), beta=0.7).item() == pytest.approx(math.log(2))
    assert dpo_losses(mx.array([0.0]), beta=0.7, label_smoothing=0.3).item() == pytest.approx(math.log(2))


def test_label_smoothing_by_hand() -> None:
    # 0.8 ln(1 + e^-0.5) + 0.2 ln(1 + e^0.5) = 0.8 * 0.474077 + 0.2 * 0.974077
    assert dpo_losses(mx.array([5.0]), 0.1, label_smoothing=0.2).item() == pytest.approx(0.574077, abs=1e-6)


def test_label_smoothing_bounds_how_sure_a_pair_is_worth_being() -> None:
    """The smoothed loss is least where σ(βΔ) = 1 − ε: with ε = 0.2 at Δ = ln 4, and grows on either side."""
    below, least, above = dpo_losses(mx.array([1.0, math.log(4), 2.0]), beta=1.0, label_smoothing=0.2).tolist()
    assert least < below
    assert least < above


def test_ipo_by_hand() -> None:
    # 1 / (2 * 0.1) = 5: (2 - 5)^2, (5 - 5)^2, (-1 - 5)^2
    assert ipo_losses(mx.array([2.0, 5.0, -1.0]), beta=0.1).tolist() == pytest.approx([9.0, 0.0, 36.0])


def test_simpo_by_hand() -> None:
    # 2 * 0.75 - 1 = 0.5: ln(1 + e^-0.5); 2 * -0.25 - 1 = -1.5: ln(1 + e^1.5) = ln 5.481689
    losses = simpo_losses(mx.array([0.75, -0.25]), beta=2.0, gamma=1.0)
    assert losses.tolist() == pytest.approx([0.474077, 1.701413], abs=1e-6)


def test_cpo_by_hand() -> None:
    # 0.1 * 4 = 0.4: ln(1 + e^-0.4) = ln 1.670320; 0.1 * -2 = -0.2: ln(1 + e^0.2) = ln 2.221403
    assert cpo_losses(mx.array([4.0, -2.0]), beta=0.1).tolist() == pytest.approx([0.513015, 0.798139], abs=1e-6)


def test_orpo_by_hand() -> None:
    # p = 0.8, q = 0.2: odds 4 and 1/4, ratio 16, -ln(16/17) = 0.060625. The other way round: -ln(1/17) = 2.833213.
    likely, unlikely = mx.array([math.log(0.8), math.log(0.2)]), mx.array([math.log(0.2), math.log(0.8)])
    assert orpo_losses(likely, unlikely).tolist() == pytest.approx([0.060625, 2.833213], abs=1e-6)


def test_kto_by_hand() -> None:
    # 0.5 * (3 - 1) = 1: 1 - σ(1) = 0.268941; 0.5 * (0 - 1) = -0.5: 1 - σ(-0.5) = 0.622459; undesirable: their mirrors.
    gains, divergence = mx.array([3.0, 0.0]), mx.array(1.0)
    desirable = kto_losses(gains, divergence, beta=0.5, desirable=True)
    undesirable = kto_losses(gains, divergence, beta=0.5, desirable=False)
    assert desirable.tolist() == pytest.approx([0.268941, 0.622459], abs=1e-6)
    assert undesirable.tolist() == pytest.approx([0.731059, 0.377541], abs=1e-6)


def test_kto_divergence_is_a_mean_that_is_never_negative() -> None:
    assert kto_divergence(mx.array([0.5, 2.0, -1.0])).item() == pytest.approx(0.5)
    assert kto_divergence(mx.array([0.5, -2.0])).item() == 0.0
    assert kto_divergence(mx.array([], dtype=mx.float32)).item() == 0.0


def test_kto_divergence_has_no_gradient() -> None:
    assert mx.grad(lambda gains: kto_divergence(gains))(mx.array([1.0, 2.0])).tolist() == [0.0, 0.0]


def test_a_tie_is_half_a_win() -> None:
    assert wins(mx.array([3.0, 0.0, -1.0])).tolist() == [1.0, 0.5, 0.0]


OTHER = [-1.7, -0.4, -2.9]  # the second input of an objective that has two
LOSSES: dict[str, Loss] = {
    "nll": nll_losses,
    "mean nll": lambda x: mean_nll_losses(x, mx.array([1.0, 7.0, 3.0])),
    "dpo": lambda x: dpo_losses(x, beta=0.3),
    "smoothed dpo": lambda x: dpo_losses(x, beta=0.3, label_smoothing=0.1),
    "ipo": lambda x: ipo_losses(x, beta=0.3),
    "simpo": lambda x: simpo_losses(x, beta=2.0, gamma=0.7),
    "cpo": lambda x: cpo_losses(x, beta=0.3),
    "orpo, good": lambda x: orpo_losses(x, mx.array(OTHER, dtype=x.dtype)),
    "orpo, bad": lambda x: orpo_losses(mx.array(OTHER, dtype=x.dtype), x),
    "kto, desirable": lambda x: kto_losses(x, mx.array(0.4), beta=0.3, desirable=True),
    "kto, undesirable": lambda x: kto_losses(x, mx.array(0.4), beta=0.3, desirable=False),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_gradients_agree_with_finite_differences(loss: Loss) -> None:
    """Each loss depends on its own item alone, so all items are moved at once.

    Sums are exact in float64, but MLX's exp has seven digits there too: the wide step keeps that noise small and
    five points keep the error of the step itself below it.
    """
    at, step = np.array([-0.9, -1.3, -2.0]), 0.05

    def value(moved: float) -> np.ndarray:
        return np.array(loss(mx.array(at + moved, dtype=mx.float64)).tolist())

    with mx.stream(mx.cpu):  # the only device with float64
        gradient = mx.grad(lambda x: loss(x).sum())(mx.array(at, dtype=mx.float64)).tolist()
        slopes = (8 * (value(step) - value(-step)) - (value(2 * step) - value(-2 * step))) / (12 * step)
    assert gradient == pytest.approx(slopes, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_extreme_log_probs_stay_finite(loss: Loss) -> None:
    # Also just past 0, where the rounding of a long sum can lead.
    for value in (1e-7, 0.0, -1e-10, -1e-7, -1e-3, -90.0, -1e4):
        x = mx.array([value] * 3)
        losses, (gradient,) = mx.vjp(loss, [x], [mx.ones(3)])
        assert mx.isfinite(losses[0]).all().item(), value
        assert mx.isfinite(gradient).all().item(), value


def test_orpo_keeps_its_digits_near_certainty() -> None:
    """p = 1 − 10⁻⁶ against q = ½: the odds are 999 999 and 1, the loss −ln(1 − 10⁻⁶)."""
    good, bad = mx.array([math.log1p(-1e-6)]), mx.array([math.log(0.5)])
    assert orpo_losses(good, bad).item() == pytest.approx(1e-6, rel=1e-3)
    assert orpo_losses(bad, good).item() == pytest.approx(math.log(1e6), rel=1e-6)
