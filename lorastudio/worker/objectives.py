"""The training objectives as small functions of log-probabilities.

Notation: c and r are the log-probabilities of a good and a bad answer under the model, summed over their tokens and
with the end token; c0 and r0 the reference's; |c| and |r| the numbers of tokens.

Every function takes vectors and returns one value for each item, never a mean: what the values are divided by depends
on the whole optimiser step (`objective_loss`). They keep the precision of what they are given.
"""

from __future__ import annotations

import mlx.core as mx

# float32 tells no probability from 1 whose logarithm is nearer to 0 than this.
LARGEST_LOG_PROB = -(2.0**-24)


def nll_losses(log_probs: mx.array) -> mx.array:
    """−c for each answer (answers,): maximum likelihood. Divided by the tokens of all answers of a step, so that every
    token counts the same.
    """
    return -log_probs


def mean_nll_losses(log_probs: mx.array, tokens: mx.array) -> mx.array:
    """−c/|c| for each answer (answers,), so that every answer counts the same, however long it is.

    Hong et al. 2024 (ORPO), https://arxiv.org/abs/2403.07691, equations 3 and 6.
    """
    return -log_probs / tokens


def dpo_losses(margins: mx.array, beta: float, label_smoothing: float = 0.0) -> mx.array:
    """−(1−ε) ln σ(βΔ) − ε ln σ(−βΔ) for each pair (pairs,), with Δ = (c − c0) − (r − r0).

    Rafailov et al. 2023, https://arxiv.org/abs/2305.18290, equation 7; the smoothing ε, the share of pairs believed to
    be the wrong way round, is that of "conservative DPO" (E. Mitchell 2023, https://ericmitchell.ai/cdpo.pdf).
    """
    right, wrong = _minus_log_sigmoid(beta * margins), _minus_log_sigmoid(-beta * margins)
    return (1 - label_smoothing) * right + label_smoothing * wrong


def ipo_losses(margins: mx.array, beta: float) -> mx.array:
    """(Δ̄ − 1/(2β))² for each pair (pairs,), with Δ̄ = (c − c0)/|c| − (r − r0)/|r|.

    Azar et al. 2023, https://arxiv.org/abs/2310.12036, equation 17, whose τ is β. Averages over tokens, as its authors
    computed them (https://huggingface.co/blog/pref-tuning): one target 1/(2β) can't fit sums of every length.
    """
    return (margins - 1 / (2 * beta)) ** 2


def simpo_losses(margins: mx.array, beta: float, gamma: float) -> mx.array:
    """−ln σ(β(c/|c| − r/|r|) − γ) for each pair (pairs,); `margins` are c/|c| − r/|r|.

    Meng et al. 2024, https://arxiv.org/abs/2405.14734, equation 6.
    """
    return _minus_log_sigmoid(beta * margins - gamma)


def cpo_losses(margins: mx.array, beta: float) -> mx.array:
    """−ln σ(β(c − r)) for each pair (pairs,); `margins` are c − r. The objective's other term is `nll_losses`.

    Xu et al. 2024, https://arxiv.org/abs/2401.08417, section 3: DPO with a uniform reference.
    """
    return _minus_log_sigmoid(beta * margins)


def orpo_losses(good: mx.array, bad: mx.array) -> mx.array:
    """−ln σ(ln odds(p) − ln odds(q)) for each pair (pairs,), with odds(p) = p/(1 − p).

    `good` and `bad` are ln p = c/|c| and ln q = r/|r|. The objective's other term is `mean_nll_losses`.
    Hong et al. 2024, https://arxiv.org/abs/2403.07691, equations 3, 4 and 7.
    """
    return _minus_log_sigmoid((good - bad) - (_log_complement(good) - _log_complement(bad)))


def kto_losses(gains: mx.array, divergence: mx.array, beta: float, *, desirable: bool) -> mx.array:
    """1 − σ(±β(g − z0)) for each answer (answers,), with its gain g = c − c0 over the reference; + if it is desirable.

    `divergence` is the z0 of `kto_divergence`. Weighing the two kinds of answers is left to the caller.
    Ethayarajh et al. 2024, https://arxiv.org/abs/2402.01306, equations 7 and 8.
    """
    ahead = beta * (gains - divergence)
    return mx.sigmoid(-ahead if desirable else ahead)


def kto_divergence(gains_of_mismatched: mx.array) -> mx.array:
    """z0 = max(0, mean of ln p(a) − ln p0(a)), a scalar without gradient: how far the model is from its reference.

    `gains_of_mismatched` (answers,) are of answers that stand behind another row's question; 0 where there are none.
    Ethayarajh et al. 2024, https://arxiv.org/abs/2402.01306, section 4.1.
    """
    if gains_of_mismatched.size == 0:
        return mx.zeros((), gains_of_mismatched.dtype)
    return mx.stop_gradient(mx.maximum(gains_of_mismatched.mean(), 0))


def wins(margins: mx.array) -> mx.array:
    """1 for each pair (pairs,) whose good answer is ahead, ½ for a tie."""
    return (margins > 0) + 0.5 * (margins == 0)


def _minus_log_sigmoid(x: mx.array) -> mx.array:
    """−ln σ(x) = ln(e⁰ + e⁻ˣ), which neither overflows nor loses its gradient at large |x|."""
    return mx.logaddexp(-x, 0)


def _log_complement(log_probs: mx.array) -> mx.array:
    """ln(1 − p) from ln p, as ln(−expm1(ln p)): 1 − p itself would have no digit left near p = 1.

    Rounding can take a mean of log-probabilities to 0 and past it, where there is no such logarithm; p is then the
    largest that float32 knows below 1.
    """
    return mx.log(-mx.expm1(mx.minimum(log_probs, LARGEST_LOG_PROB)))
