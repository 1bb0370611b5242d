from __future__ import annotations

from dataclasses import fields, replace

import pytest

from lorastudio.domain.errors import UsageError
from lorastudio.training.config import (
    DEFAULT_LEARNING_RATE,
    EXECUTION_FIELDS,
    AdapterKind,
    BestBy,
    Execution,
    Objective,
    Schedule,
    TrainConfig,
)


@pytest.mark.parametrize("objective", list(Objective))
def test_each_objective_warns_above_five_times_its_own_rate(objective: Objective) -> None:
    usual = DEFAULT_LEARNING_RATE[objective]
    assert TrainConfig(objective=objective).warnings() == []
    assert TrainConfig(objective=objective, learning_rate=4.9 * usual).warnings() == []
    (warning,) = TrainConfig(objective=objective, learning_rate=6 * usual).warnings()
    assert "6 times the usual" in warning and f"for {objective.value} " in warning
    (warning,) = TrainConfig(objective=objective, learning_rate=usual / 100).warnings()
    assert "next to nothing" in warning


def test_a_larger_scale_makes_the_same_rate_too_high() -> None:
    config = TrainConfig(objective=Objective.SFT, learning_rate=8e-4)
    assert config.warnings() == []
    (warning,) = replace(config, alpha=32).warnings()
    assert "8 times the usual 0.0001" in warning


def test_settings_without_effect_are_named() -> None:
    (warning,) = TrainConfig(objective=Objective.SFT, beta=0.3, gamma=2.0, nll_weight=0.5).warnings()
    assert warning == "Without effect on sft: beta, gamma, nll_weight."
    assert TrainConfig(objective=Objective.SIMPO, beta=2.5, gamma=0.5).warnings() == []


def test_few_samples_are_no_measure() -> None:
    (warning,) = TrainConfig(best_by=BestBy.QUALITY).warnings()
    assert "mostly chance" in warning
    assert TrainConfig(best_by=BestBy.QUALITY, samples=16).warnings() == []


def test_a_config_survives_its_record() -> None:
    config = TrainConfig(
        objective=Objective.KTO, adapter=AdapterKind.DORA, schedule=Schedule.LINEAR, best_by=BestBy.QUALITY,
        execution=Execution.PADDED, target_modules=("q_proj",), replay_prompts=("a",), layers=3, beta=0.2,
    )  # fmt: skip
    assert TrainConfig.from_record(config.as_record()) == config
    assert config.identity_record().keys() == {field.name for field in fields(TrainConfig)} - set(EXECUTION_FIELDS)


@pytest.mark.parametrize(
    "record",
    [
        {"rank": 0}, {"evaluate_every_steps": 0}, {"checkpoint_every_steps": 0}, {"samples": -1}, {"seed": -1},
        {"best_by": "quality", "samples": 0}, {"best_by": "luck"}, {"schedule": "steps"}, {"unheard_of": 1},
        {"accumulation": 0}, {"early_stop": -1}, {"replay_per_step": -1}, {"learning_rate": float("nan")},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(record: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        TrainConfig.from_record(record)
