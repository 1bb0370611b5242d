from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from lorastudio.training.config import Objective, TrainConfig
from lorastudio.worker.answer_sums import AnswerSums, RowAnswers, StepTotals
from lorastudio.worker.conversations import Encoded
from lorastudio.worker.objective_loss import PreferenceFigures, objective_loss
from lorastudio.worker.rows import TrainRow

# Two pairs and a row with only a good answer:     c, r       c, r   c
LOG_PROBS = np.array([-2.0, -6.0, -3.0, -1.0, -4.0])
GAINS = np.array([0.5, -1.0, 0.2, 0.2, 0.1])
TOKENS = np.array([2.0, 3.0, 1.0, 4.0, 4.0])
ROWS = (RowAnswers(0, 1), RowAnswers(2, 3), RowAnswers(4, None))
TOTALS = StepTotals(pairs=2, good_answers=3, good_tokens=7, desirable=3, undesirable=2)

# What each is worth by hand; ln and e^x to six digits.
SFT = 9 / 7  # (2 + 3 + 4) / (2 + 1 + 4)
# Δ = 0.5 + 1 and 0.2 - 0.2: ln(1 + e^-0.15) = ln 1.860708 = 0.620957, ln 2 = 0.693147
DPO = (0.620957 + 0.693147) / 2
# with ε = 0.2: 0.8 * 0.620957 + 0.2 * (0.620957 + 0.15) = 0.650957
SMOOTHED = (0.650957 + 0.693147) / 2
# 0.5/2 + 1/3 - 5 = -4.416667 and 0.2/1 - 0.2/4 - 5 = -4.85
IPO = (19.506944 + 23.5225) / 2
# 2 * (-1 + 2) - 1 = 1: ln(1 + e^-1) = 0.313262; 2 * (-3 + 0.25) - 1 = -6.5: ln(1 + e^6.5) = 6.501502
SIMPO = (0.313262 + 6.501502) / 2
# 0.1 * (-2 + 6) = 0.4: ln(1 + e^-0.4) = 0.513015; 0.1 * (-3 + 1) = -0.2: ln(1 + e^0.2) = 0.798139
CPO = (0.513015 + 0.798139) / 2
# odds of e^-1 and e^-2: 0.581977 and 0.156518, ratio 3.718282, ln(1 + 1/3.718282) = 0.238183;
# of e^-3 and e^-0.25: 0.052396 and 3.520812, ratio 0.0148816, ln(1 + 1/0.0148816) = 4.222408.
# Means per token of the good answers: 1, 3 and 1.
ORPO = 0.1 * (0.238183 + 4.222408) / 2 + (1 + 3 + 1) / 3
# z0 = 0.3, β = 0.1. Desirable: 1 - σ(0.02), 1 - σ(-0.01), 1 - σ(-0.02); undesirable: 1 - σ(0.13), 1 - σ(0.01).
KTO = (0.495000 + 0.502500 + 0.505000 + 2 * (0.467546 + 0.497500)) / 5

CASES: dict[str, tuple[dict[str, Any], float]] = {
    "sft": ({"objective": Objective.SFT}, SFT),
    "dpo": ({"objective": Objective.DPO}, DPO),
    "dpo smoothed": ({"objective": Objective.DPO, "label_smoothing": 0.2}, SMOOTHED),
    "dpo+nll": ({"objective": Objective.DPO_NLL, "nll_weight": 0.5}, DPO + 0.5 * SFT),
    "ipo": ({"objective": Objective.IPO}, IPO),
    "simpo": ({"objective": Objective.SIMPO, "gamma": 1.0}, SIMPO),
    "cpo": ({"objective": Objective.CPO, "nll_weight": 0.5}, CPO + 0.5 * SFT),
    "orpo": ({"objective": Objective.ORPO}, ORPO),
    "kto": ({"objective": Objective.KTO, "undesirable_weight": 2.0}, KTO),
}
each_objective = pytest.mark.parametrize(("settings", "expected"), CASES.values(), ids=CASES)


def share(
    settings: dict[str, Any],
    rows: Sequence[RowAnswers] = ROWS,
    totals: StepTotals = TOTALS,
    log_probs: np.ndarray = LOG_PROBS,
    gains: np.ndarray = GAINS,
    tokens: np.ndarray = TOKENS,
) -> tuple[float, PreferenceFigures]:
    sums = AnswerSums(*(mx.array(values, dtype=mx.float32) for values in (log_probs, gains, tokens)))
    loss, figures = objective_loss(sums, rows, TrainConfig(**settings), totals, mx.array(0.3))
    return loss.item(), figures


@each_objective
def test_the_loss_of_a_step_by_hand(settings: dict[str, Any], expected: float) -> None:
    assert share(settings)[0] == pytest.approx(expected, abs=2e-6)


@each_objective
def test_passes_add_up_to_their_step(settings: dict[str, Any], expected: float) -> None:
    """However the rows are split, and in whatever order a pass holds its answers."""
    alone = share(settings, [RowAnswers(0, None)], log_probs=LOG_PROBS[4:], gains=GAINS[4:], tokens=TOKENS[4:])[0]
    first = share(settings, [RowAnswers(0, 1)], log_probs=LOG_PROBS[:2], gains=GAINS[:2], tokens=TOKENS[:2])[0]
    turned = [3, 2]
    last = share(settings, [RowAnswers(1, 0)], log_probs=LOG_PROBS[turned], gains=GAINS[turned], tokens=TOKENS[turned])[
        0
    ]
    assert alone + first + last == pytest.approx(expected, abs=2e-6)


@each_objective
def test_gradients_agree_with_finite_differences(settings: dict[str, Any], expected: float) -> None:
    """Five points and a wide step, for the reason in test_objectives."""
    config, step = TrainConfig(**settings), 0.05

    def loss(log_probs: mx.array) -> mx.array:
        gains = log_probs - mx.array(LOG_PROBS - GAINS, dtype=mx.float64)
        sums = AnswerSums(log_probs, gains, mx.array(TOKENS, dtype=mx.float64))
        return objective_loss(sums, ROWS, config, TOTALS, mx.array(0.3, dtype=mx.float64))[0]

    def value(answer: int, moved: float) -> float:
        at = LOG_PROBS + moved * np.eye(len(LOG_PROBS))[answer]
        return loss(mx.array(at, dtype=mx.float64)).item()

    with mx.stream(mx.cpu):  # the only device with float64
        gradient = mx.grad(loss)(mx.array(LOG_PROBS, dtype=mx.float64)).tolist()
        for answer, slope in enumerate(gradient):
            near, far = (value(answer, move) - value(answer, -move) for move in (step, 2 * step))
            assert slope == pytest.approx((8 * near - far) / (12 * step), rel=1e-5, abs=1e-5)


@each_objective
def test_extreme_answers_stay_finite(settings: dict[str, Any], expected: float) -> None:
    for extremes in ([0.0, -1e4, -1e4, 0.0, -1e-9], [-1e4, -1e-9, 0.0, 0.0, -1e4]):
        log_probs = np.array(extremes)
        loss, figures = share(settings, log_probs=log_probs, gains=log_probs + 1)
        assert np.isfinite([loss, figures.correct.item(), figures.margin.item()]).all()


def test_label_smoothing_of_zero_changes_nothing() -> None:
    assert share({"objective": Objective.DPO, "label_smoothing": 0.0})[0] == share({"objective": Objective.DPO})[0]


@pytest.mark.parametrize(
    ("objective", "correct", "margin"),
    [
        (Objective.SFT, 0.0, 0.0),
        (Objective.DPO, 1.5, 0.1 * (1.5 + 0.0)),  # 0.2 against 0.2: a tie
        (Objective.DPO_NLL, 1.5, 0.1 * (1.5 + 0.0)),
        (Objective.KTO, 1.5, 0.1 * (1.5 + 0.0)),
        (Objective.IPO, 2.0, 0.1 * (0.583333 + 0.15)),
        (Objective.SIMPO, 1.0, 2 * (1.0 - 2.75)),
        (Objective.ORPO, 1.0, 0.1 * (1.0 - 2.75)),
        (Objective.CPO, 1.0, 0.1 * (4.0 - 2.0)),
    ],
)
def test_figures_of_pairs_by_hand(objective: Objective, correct: float, margin: float) -> None:
    figures = share({"objective": objective})[1]
    assert figures.correct.item() == correct
    assert figures.margin.item() == pytest.approx(margin, abs=1e-6)


def test_kto_with_only_thumbs_up() -> None:
    totals = StepTotals(pairs=0, good_answers=3, good_tokens=7, desirable=3, undesirable=0)
    loss, figures = share({"objective": Objective.KTO}, [RowAnswers(index, None) for index in (0, 2, 4)], totals)
    assert loss == pytest.approx((0.495000 + 0.502500 + 0.505000) / 3, abs=1e-6)
    assert figures.correct.item() == 0.0


def test_kto_with_only_thumbs_down() -> None:
    totals = StepTotals(pairs=0, good_answers=0, good_tokens=0, desirable=0, undesirable=2)
    loss, _ = share({"objective": Objective.KTO}, [RowAnswers(None, 1), RowAnswers(None, 3)], totals)
    assert loss == pytest.approx((0.467546 + 0.497500) / 2, abs=1e-6)


@pytest.mark.parametrize("objective", [Objective.DPO_NLL, Objective.CPO, Objective.ORPO])
def test_a_step_without_pairs_imitates_alone(objective: Objective) -> None:
    totals = StepTotals(pairs=0, good_answers=1, good_tokens=4, desirable=1, undesirable=0)
    assert share({"objective": objective}, [RowAnswers(4, None)], totals)[0] == pytest.approx(4 / 4)


def test_totals_count_answers_and_their_tokens() -> None:
    def encoded(tokens: int) -> Encoded:
        return Encoded((1, 2, 3), tuple(range(tokens)))

    rows = [
        TrainRow(1, encoded(2), encoded(3)),
        TrainRow(2, encoded(1), encoded(4)),
        TrainRow(3, encoded(4), None),
    ]
    assert StepTotals.of(iter(rows)) == TOTALS
    down = StepTotals.of([TrainRow(4, None, encoded(2))])
    assert down == StepTotals(pairs=0, good_answers=0, good_tokens=0, desirable=0, undesirable=1)
