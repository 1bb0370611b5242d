"""Our objectives against TRL's own loss functions on the CPU: the same random numbers, values and gradients.

TRL's losses are methods of its trainers, which can't be made without a model and data. They read nothing but settings
from `self`, so each is called with an object that holds just those.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import mlx.core as mx
import numpy as np
import pytest
import torch
from trl.experimental.cpo.cpo_trainer import CPOTrainer
from trl.experimental.kto.kto_trainer import KTOTrainer
from trl.experimental.orpo.orpo_trainer import ORPOTrainer
from trl.trainer.dpo_config import FDivergenceType
from trl.trainer.dpo_trainer import DPOTrainer

from lorastudio.worker.objectives import (
    cpo_losses,
    dpo_losses,
    ipo_losses,
    kto_divergence,
    kto_losses,
    orpo_losses,
    simpo_losses,
)

TOLERANCE = 1e-6  # relative, in the L2 norm
PAIRS = 64
ON_CPU = SimpleNamespace(device=torch.device("cpu"), gather_for_metrics=lambda value: value)


@dataclass(frozen=True, slots=True)
class Answers:
    """Sums of log-probabilities under model and reference, and numbers of tokens; all (PAIRS,)."""

    log_probs: np.ndarray
    reference: np.ndarray
    tokens: np.ndarray

    @property
    def per_token(self) -> np.ndarray:
        return self.log_probs / self.tokens

    @property
    def reference_per_token(self) -> np.ndarray:
        return self.reference / self.tokens


def random_answers(seed: int) -> Answers:
    rng = np.random.default_rng(seed)
    tokens = rng.integers(1, 60, PAIRS).astype(float)
    log_probs = -tokens * rng.uniform(0.05, 4, PAIRS)
    return Answers(log_probs, log_probs + rng.normal(0, 5, PAIRS), tokens)


GOOD, BAD = random_answers(1), random_answers(2)


def ours(loss: Callable[..., mx.array], *inputs: np.ndarray) -> list[np.ndarray]:
    """The losses, and the gradient of their sum with respect to each input."""
    with mx.stream(mx.cpu):  # the only device with float64
        arrays = [mx.array(values, dtype=mx.float64) for values in inputs]
        losses = loss(*arrays)
        gradients = mx.grad(lambda *xs: loss(*xs).sum(), argnums=list(range(len(arrays))))(*arrays)
        return [np.array(values.tolist()) for values in (losses, *gradients)]


def theirs(loss: Callable[..., torch.Tensor], *inputs: np.ndarray) -> list[np.ndarray]:
    tensors = [torch.tensor(values, dtype=torch.float64, requires_grad=True) for values in inputs]
    losses = loss(*tensors)
    losses.sum().backward()
    return [losses.detach().numpy(), *(tensor.grad.numpy() for tensor in tensors)]


def assert_same(ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray]) -> None:
    for mine, other in zip(ours, theirs, strict=True):
        assert np.linalg.norm(other) > 0
        assert np.linalg.norm(mine - other) <= TOLERANCE * np.linalg.norm(other)


def trl_dpo(kind: str, beta: float, label_smoothing: float = 0.0) -> Callable[..., torch.Tensor]:
    """Of (good, bad, reference of good, reference of bad), with the last two held."""
    settings = SimpleNamespace(
        accelerator=ON_CPU,
        beta=beta,
        label_smoothing=label_smoothing,
        reference_free=False,
        f_divergence_type=FDivergenceType.REVERSE_KL,
    )
    return lambda good, bad, good_reference, bad_reference: DPOTrainer.dpo_loss(
        settings, good, bad, torch.tensor(good_reference), torch.tensor(bad_reference), kind
    )[0]


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 0.4])
@pytest.mark.parametrize("beta", [0.05, 0.1, 1.0])
def test_dpo(beta: float, label_smoothing: float) -> None:
    loss = trl_dpo("sigmoid", beta, label_smoothing)
    offset = BAD.reference - GOOD.reference
    assert_same(
        ours(
            lambda good, bad: dpo_losses(good - bad + mx.array(offset, dtype=mx.float64), beta, label_smoothing),
            GOOD.log_probs,
            BAD.log_probs,
        ),
        theirs(lambda good, bad: loss(good, bad, GOOD.reference, BAD.reference), GOOD.log_probs, BAD.log_probs),
    )


@pytest.mark.parametrize("beta", [0.05, 0.1, 1.0])
def test_ipo(beta: float) -> None:
    """TRL's trainer hands averages over tokens to its loss where the objective is IPO."""
    loss = trl_dpo("ipo", beta)
    offset = BAD.reference_per_token - GOOD.reference_per_token
    assert_same(
        ours(
            lambda good, bad: ipo_losses(good - bad + mx.array(offset, dtype=mx.float64), beta),
            GOOD.per_token,
            BAD.per_token,
        ),
        theirs(
            lambda good, bad: loss(good, bad, GOOD.reference_per_token, BAD.reference_per_token),
            GOOD.per_token,
            BAD.per_token,
        ),
    )


def trl_cpo(kind: str, beta: float, gamma: float = 0.0) -> Callable[..., torch.Tensor]:
    settings = SimpleNamespace(
        accelerator=ON_CPU, alpha=0.0, loss_type=kind, beta=beta, simpo_gamma=gamma, label_smoothing=0.0
    )
    return lambda good, bad: CPOTrainer.cpo_loss(settings, good, bad)[0]


@pytest.mark.parametrize("beta", [0.05, 0.1, 1.0])
def test_cpo(beta: float) -> None:
    sums = GOOD.log_probs, BAD.log_probs
    assert_same(ours(lambda good, bad: cpo_losses(good - bad, beta), *sums), theirs(trl_cpo("sigmoid", beta), *sums))


@pytest.mark.parametrize(("beta", "gamma"), [(2.0, 1.0), (2.5, 0.0), (10.0, 3.0)])
def test_simpo(beta: float, gamma: float) -> None:
    """TRL's trainer hands averages over tokens to its loss where the objective is SimPO."""
    means = GOOD.per_token, BAD.per_token
    assert_same(
        ours(lambda good, bad: simpo_losses(good - bad, beta, gamma), *means),
        theirs(trl_cpo("simpo", beta, gamma), *means),
    )


def test_orpo() -> None:
    """TRL returns β ln σ(…) and subtracts it; its trainer hands averages over tokens to it."""
    settings = SimpleNamespace(accelerator=ON_CPU, beta=0.1)
    means = GOOD.per_token, BAD.per_token
    assert_same(
        ours(lambda good, bad: 0.1 * orpo_losses(good, bad), *means),
        theirs(lambda good, bad: -ORPOTrainer.odds_ratio_loss(settings, good, bad)[0], *means),
    )


@pytest.mark.parametrize("drift", [3.0, -3.0], ids=["z0 above 0", "z0 of 0"])
@pytest.mark.parametrize("beta", [0.05, 0.1, 1.0])
def test_kto(beta: float, drift: float) -> None:
    settings = SimpleNamespace(
        accelerator=ON_CPU,
        calculate_KL=True,
        loss_type="kto",
        beta=beta,
        desirable_weight=1.0,
        undesirable_weight=1.3,
    )
    mismatched = random_answers(3)
    mismatched_gains = mismatched.log_probs - mismatched.reference + drift

    def loss(good: mx.array, bad: mx.array) -> mx.array:
        divergence = kto_divergence(mx.array(mismatched_gains, dtype=mx.float64))
        desirable = kto_losses(good - mx.array(GOOD.reference, dtype=mx.float64), divergence, beta, desirable=True)
        gains = bad - mx.array(BAD.reference, dtype=mx.float64)
        return mx.concatenate([desirable, 1.3 * kto_losses(gains, divergence, beta, desirable=False)])

    def their_loss(good: torch.Tensor, bad: torch.Tensor) -> torch.Tensor:
        references = torch.tensor(GOOD.reference), torch.tensor(BAD.reference), torch.zeros(PAIRS, dtype=torch.float64)
        return KTOTrainer.kto_loss(settings, good, bad, torch.tensor(mismatched_gains), *references)[0]

    sums = GOOD.log_probs, BAD.log_probs
    assert_same(ours(loss, *sums), theirs(their_loss, *sums))
