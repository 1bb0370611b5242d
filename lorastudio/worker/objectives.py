"""The training objectives as small functions of log-probabilities.

Notation: c and r are the log-probabilities of a good and a bad answer under the model, summed over their
tokens and with the end token; c0 and r0 the reference's; L the number of tokens.
"""

from __future__ import annotations

import mlx.core as mx
from mlx.nn.layers.activations import log_sigmoid


def nll(log_probs: mx.array, weights: mx.array) -> mx.array:
    """−Σc / ΣL: the mean over all answer tokens of a batch, so that a long answer counts by its length.

    `log_probs` and `weights` are (rows, length), the weights 1 on answer tokens.
    """
    return -(log_probs * weights).sum() / weights.sum()


def preference_margins(good: mx.array, good_reference: mx.array, bad: mx.array, bad_reference: mx.array) -> mx.array:
    """Δ = (c − c0) − (r − r0) for each pair, from per-token values (pairs, length) that are 0 outside answers.

    The differences are taken token by token before the sum: two sums of a thousand log-probabilities lose
    thousandths in float32, differences of single tokens do not.
    """
    return (good - good_reference).sum(axis=-1) - (bad - bad_reference).sum(axis=-1)


def dpo(margins: mx.array, beta: float, label_smoothing: float = 0.0) -> mx.array:
    """Mean over pairs of −(1−ε) ln σ(βΔ) − ε ln σ(−βΔ).

    Rafailov et al. 2023, https://arxiv.org/abs/2305.18290, equation 7; the smoothing ε is that of
    "conservative DPO" (E. Mitchell 2023, https://ericmitchell.ai/cdpo.pdf).
    """
    right, wrong = log_sigmoid(beta * margins), log_sigmoid(-beta * margins)
    smoothed: mx.array = (1 - label_smoothing) * right + label_smoothing * wrong
    return -smoothed.mean()


def preference_accuracy(margins: mx.array) -> mx.array:
    """The share of pairs with a positive margin; a tie counts one half."""
    return ((margins > 0) + 0.5 * (margins == 0)).mean()
