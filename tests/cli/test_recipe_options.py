"""Every setting of a run is an option of `train`, with the setting's own default."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from lorastudio.cli.recipe_options import HELP, recipe_of, with_recipe
from lorastudio.domain.errors import UsageError
from lorastudio.training.config import AdapterKind, BestBy, Objective, Schedule, TrainConfig


def parse(*arguments: str) -> TrainConfig:
    """The recipe that a command line asks for."""
    found: list[TrainConfig] = []

    def command(**settings: Any) -> None:
        found.append(recipe_of(settings))

    app = typer.Typer()
    app.command()(with_recipe(command))
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False, standalone_mode=False)
    assert result.exit_code == 0, result.output
    return found[0]


def test_every_setting_has_an_option_and_without_any_the_recipe_is_the_usual_one() -> None:
    assert list(HELP) and set(HELP) == {field.name for field in fields(TrainConfig)}
    assert parse() == TrainConfig()


def test_what_is_typed_is_what_is_trained(tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("One?\n\nDois?\n", "utf-8")
    config = parse(
        *("--objective", "simpo", "--beta", "2.5", "--gamma", "0.5", "--adapter", "dora", "--rank", "4"),
        *("--target-module", "q_proj", "--target-module", "v_proj", "--layers", "3", "--schedule", "linear"),
        *("--accumulation", "2", "--best-by", "quality", "--samples", "20", "--early-stop", "4", "--lean"),
        *("--replay", str(prompts), "--replay-per-step", "2", "--tokens-per-pass", "512"),
    )
    assert config == TrainConfig(
        objective=Objective.SIMPO, beta=2.5, gamma=0.5, adapter=AdapterKind.DORA, rank=4,
        target_modules=("q_proj", "v_proj"), layers=3, schedule=Schedule.LINEAR, accumulation=2,
        best_by=BestBy.QUALITY, samples=20, early_stop=4, lean=True,
        replay_prompts=("One?", "Dois?"), replay_per_step=2, tokens_per_pass=512,
    )  # fmt: skip


@pytest.mark.parametrize("objective", list(Objective))
def test_all_objectives_can_be_chosen(objective: Objective) -> None:
    assert parse("--objective", objective.value).effective_beta == TrainConfig(objective=objective).effective_beta


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--layers", "some"), "--layers is 'some'"),
        (("--replay-per-step", "2"), "nothing to replay"),
        (("--replay", "/nowhere", "--replay-per-step", "2"), "can't be read"),
        (("--rank", "0"), "The setting rank"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse(*arguments)


def test_a_command_keeps_its_own_parameters() -> None:
    def command(first: int = 1, **settings: Any) -> None: ...

    names = list(inspect.signature(with_recipe(command)).parameters)
    assert names == ["first", *HELP]
