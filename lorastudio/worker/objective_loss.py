"""What a pass adds to the loss of its optimiser step: the terms of each objective, and what they are divided by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mlx.core as mx

from lorastudio.training.config import Objective, TrainConfig
from lorastudio.worker.answer_sums import AnswerSums, RowAnswers, StepTotals
from lorastudio.worker.objectives import (
    cpo_losses,
    dpo_losses,
    ipo_losses,
    kto_losses,
    mean_nll_losses,
    nll_losses,
    orpo_losses,
    simpo_losses,
    wins,
)


@dataclass(frozen=True, slots=True)
class PreferenceFigures:
    """Scalars without gradient, summed over the pairs of a pass.

    `correct` counts the pairs whose good answer is ahead, a tie as ½; `margin` is the sum of β · difference, in the
    measure that the objective itself compares answers by (`_standings`). Both are 0 for SFT.
    """

    correct: mx.array
    margin: mx.array


def objective_loss(
    sums: AnswerSums, rows: Sequence[RowAnswers], config: TrainConfig, totals: StepTotals, divergence: mx.array
) -> tuple[mx.array, PreferenceFigures]:
    """This pass's share of the step's loss, a scalar; the shares of all passes of a step add up to its loss.

    `rows` says which answers of `sums` belong together, `totals` are those of the whole step. `divergence` is KTO's z0
    (`kto_divergence`), a scalar that no other objective reads. The loss of a step:

    - SFT: −Σc / Σ|c| over good answers.
    - DPO, IPO, SimPO: the mean over pairs.
    - DPO+NLL, CPO: the mean over pairs + nll_weight · (−Σc / Σ|c|) over all good answers.
    - ORPO: β · the mean over pairs + the mean of −c/|c| over all good answers.
    - KTO: the mean over answers, each times the weight of its kind; a pair is two answers.

    A term that the whole step has no item for is 0.
    """
    good = [row.good for row in rows if row.good is not None]
    if config.objective is Objective.SFT:
        return _imitation_share(sums, good, config, totals), PreferenceFigures(mx.zeros(()), mx.zeros(()))
    pairs = [(row.good, row.bad) for row in rows if row.good is not None and row.bad is not None]
    standings = _standings(sums, config.objective)
    preferred = _pick(standings, [first for first, _ in pairs])
    other = _pick(standings, [second for _, second in pairs])
    figures = _figures(preferred, other, config.effective_beta)
    if config.objective is Objective.KTO:
        bad = [row.bad for row in rows if row.bad is not None]
        return _kto_share(sums.gains, good, bad, config, totals, divergence), figures
    share = _pair_losses(preferred, other, config).sum() / max(totals.pairs, 1)
    return share + _imitation_share(sums, good, config, totals), figures


def _standings(sums: AnswerSums, objective: Objective) -> mx.array:
    """What the objective compares answers by (answers,): gains or log-probabilities, in sum or per token."""
    values = sums.gains if objective.needs_reference else sums.log_probs
    per_token = objective in (Objective.IPO, Objective.SIMPO, Objective.ORPO)
    return values / sums.tokens if per_token else values


def _figures(preferred: mx.array, other: mx.array, beta: float) -> PreferenceFigures:
    margins = mx.stop_gradient(beta * (preferred - other))
    return PreferenceFigures(wins(margins).sum(), margins.sum())


def _pair_losses(preferred: mx.array, other: mx.array, config: TrainConfig) -> mx.array:
    """The objective's loss of each pair (pairs,), from the standings of its two answers."""
    beta = config.effective_beta
    match config.objective:
        case Objective.DPO | Objective.DPO_NLL:
            return dpo_losses(preferred - other, beta, config.label_smoothing)
        case Objective.IPO:
            return ipo_losses(preferred - other, beta)
        case Objective.SIMPO:
            return simpo_losses(preferred - other, beta, config.gamma)
        case Objective.CPO:
            return cpo_losses(preferred - other, beta)
        case Objective.ORPO:
            return beta * orpo_losses(preferred, other)
    raise ValueError(f"The objective {config.objective.value} has no loss of pairs.")


def _imitation_share(sums: AnswerSums, good: Sequence[int], config: TrainConfig, totals: StepTotals) -> mx.array:
    log_probs = _pick(sums.log_probs, good)
    if config.objective is Objective.ORPO:
        return mean_nll_losses(log_probs, _pick(sums.tokens, good)).sum() / max(totals.good_answers, 1)
    if not config.objective.has_nll:
        return mx.zeros(())
    weight = 1.0 if config.objective is Objective.SFT else config.nll_weight
    return weight * nll_losses(log_probs).sum() / max(totals.good_tokens, 1)


def _kto_share(
    gains: mx.array,
    good: Sequence[int],
    bad: Sequence[int],
    config: TrainConfig,
    totals: StepTotals,
    divergence: mx.array,
) -> mx.array:
    beta = config.effective_beta
    desirable = kto_losses(_pick(gains, good), divergence, beta, desirable=True).sum()
    undesirable = kto_losses(_pick(gains, bad), divergence, beta, desirable=False).sum()
    weighted = config.desirable_weight * desirable + config.undesirable_weight * undesirable
    return weighted / max(totals.desirable + totals.undesirable, 1)


def _pick(values: mx.array, indices: Sequence[int]) -> mx.array:
    return mx.take(values, mx.array(list(indices), dtype=mx.int32))
