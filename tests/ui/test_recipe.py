"""The recipe of a run in the window: all objectives, all settings, and the memory that it takes."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from PySide6.QtWidgets import QPushButton

from lorastudio.training.config import Objective, TrainConfig
from lorastudio.ui.panes.training.objectives import OBJECTIVES
from tests.ui.bench import Bench, find
from tests.ui.test_training_pane import accept_pairs, read

TOO_LARGE = {
    "verdict": "too large",
    "parts": {"weights": 9_000_000_000, "activations": 3_000_000_000},
    "total_bytes": 12_000_000_000,
    "budget_bytes": 8_000_000_000,
    "tokens_per_pass": 512,
    "changes": [{"what": "a 4-bit base model", "total_bytes": 5_000_000_000}],
}


def test_there_is_a_field_for_every_setting(tmp_path: Path) -> None:
    with Bench(tmp_path / "home") as bench:
        pane = read(bench)
        assert {field.name for field in fields(TrainConfig)} - set(pane.recipe.fields) == {"replay_prompts"}
        assert pane.recipe.changes() == {}, "what the fields show is what the recipe says"


def test_every_objective_is_told_in_words_and_leaves_alone_what_it_has_no_use_for(tmp_path: Path) -> None:
    assert [objective.value for objective in OBJECTIVES] == sorted(Objective, key=[o.value for o in OBJECTIVES].index)
    with Bench(tmp_path / "home") as bench:
        recipe = read(bench).recipe
        enabled = {}
        for objective in Objective:
            recipe.fields["objective"].show_setting(objective.value)
            enabled[objective] = {name for name in ("beta", "gamma", "desirable_weight") if is_enabled(recipe, name)}
            assert objective.value[:3] in recipe.objective_words.text().lower()
        assert enabled[Objective.SFT] == set()
        assert enabled[Objective.DPO] == {"beta"}
        assert enabled[Objective.SIMPO] == {"beta", "gamma"}
        assert enabled[Objective.KTO] == {"beta", "desirable_weight"}


def is_enabled(recipe, name: str) -> bool:
    return recipe.fields[name].isEnabled()


def test_an_empty_pull_limit_is_the_objectives_own_and_a_strange_one_is_told_of(tmp_path: Path) -> None:
    accept_pairs(tmp_path / "home", 8)
    with Bench(tmp_path / "home") as bench:
        pane = read(bench)
        beta, objective = pane.recipe.fields["beta"], pane.recipe.fields["objective"]
        objective.show_setting("simpo")
        assert (beta.placeholderText(), pane.recipe.record()["beta"]) == ("2 (usual)", None)
        beta.setText("much")
        assert "pull limit is no number" in pane.readiness.off.text()
        assert not pane.commands.train.isEnabled()
        objective.show_setting("sft")
        assert pane.commands.train.isEnabled(), "it has no use for one"
        objective.show_setting("dpo")
        beta.setText("0.2")
        assert pane.recipe.record()["beta"] == 0.2


def test_what_is_set_behind_more_settings_gets_into_the_recipe_and_comes_back(tmp_path: Path) -> None:
    chosen = {"adapter": "dora", "lean": True, "early_stop": 3, "target_modules": ["q_proj", "v_proj"], "layers": 2}
    accept_pairs(tmp_path / "home", 8)
    with Bench(tmp_path / "home") as bench:
        pane = read(bench)
        for name, value in chosen.items():
            pane.recipe.fields[name].show_setting(value)
        assert pane.state()["recipe"] == chosen
        assert TrainConfig.from_record(pane.recipe.record()).target_modules == ("q_proj", "v_proj")
        saved = pane.state()
    with Bench(tmp_path / "home") as bench:
        pane = bench.show(type(pane), saved=saved)
        bench.until(lambda: pane.view is not None)
        assert pane.recipe.changes() == chosen
        find(pane, QPushButton, "training.usual").click()
        assert pane.recipe.changes() == {}


def test_the_memory_is_checked_before_the_start_and_the_verdict_holds_for_that_recipe(tmp_path: Path) -> None:
    accept_pairs(tmp_path / "home", 8)
    with Bench(tmp_path / "home") as bench:
        pane = read(bench)
        button = find(pane, QPushButton, "training.check")
        button.click()
        assert (button.text(), button.isEnabled()) == ("Checking…", False)
        assert bench.ended("plan").state == "done"
        assert (pane.memory.chip.text(), pane.memory.chip.isVisible()) == ("fits", True)
        assert "base model" in pane.memory.words.text()
        assert button.isEnabled()
        pane.recipe.fields["rank"].setValue(16)
        assert not pane.memory.chip.isVisible()
        assert "has changed" in pane.memory.words.text()


def test_a_recipe_that_is_too_large_says_what_takes_less_and_is_trained_only_anyway(tmp_path: Path) -> None:
    accept_pairs(tmp_path / "home", 8)
    with Bench(tmp_path / "home") as bench:
        pane = read(bench)
        pane.memory.expect(TrainConfig.from_record(pane.recipe.record()).as_record())
        pane.memory.take(TOO_LARGE)
        pane.recipe.edited.emit()
        assert pane.memory.advice.text() == "What takes less:\na 4-bit base model: 5.0 GB"
        assert pane.commands.train.text() == "Train anyway"
        pane.recipe.fields["rank"].setValue(4)
        assert pane.commands.train.text() == "Train"
