"""Runs that are stopped, paused, kept and resumed, and what a resumed run refuses."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lorastudio.domain.errors import Cancelled, TrainingError
from lorastudio.training.config import TrainConfig
from lorastudio.training.protocol import Ending
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.checkpoint import load_newest
from lorastudio.worker.run_identity import RunIdentity
from tests.worker.conftest import make_rows
from tests.worker.runs import CONFIG, Run, identity_of

EVERYTHING = replace(CONFIG, dropout=0.2, replay_per_step=2, epochs=3, accumulation=2, batch_size=2)


@pytest.fixture
def fill_disk() -> Iterator[Callable[[], None]]:
    """From its call to the end of the test every write of this process beyond 4 kB fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("stop_at", [1, 4, 5, 7])
def test_a_resumed_run_is_bit_identical(base: BaseModel, tmp_path: Path, encode: Any, stop_at: int) -> None:
    rows, development = encode(make_rows(14)), encode(make_rows(3, first_id=50, seed=5))
    whole = Run(base, tmp_path / "whole", EVERYTHING, rows, development)
    expected = whole.train()

    broken = Run(base, tmp_path / "broken", EVERYTHING, rows, development)
    broken.at_step(stop_at, broken.cancel.cancel)
    with pytest.raises(Cancelled):
        broken.train()
    assert broken.of_type("step")[-1]["step"] == stop_at  # paused within one step

    resumed = Run(base, tmp_path / "broken", EVERYTHING, rows, development)
    assert resumed.resume().step == stop_at
    assert resumed.train() == expected
    assert resumed.trainer.progress.best_step == whole.trainer.progress.best_step
    assert resumed.trainer.progress.tokens == whole.trainer.progress.tokens
    for kind in ("step", "eval"):
        losses = [message["loss"] for message in broken.of_type(kind) + resumed.of_type(kind)]
        assert losses == [message["loss"] for message in whole.of_type(kind)]


def test_a_run_that_is_kept_ends_at_its_step_with_its_best_adapter(
    base: BaseModel, tmp_path: Path, encode: Any
) -> None:
    rows, development = encode(make_rows(14)), encode(make_rows(3, first_id=50, seed=5))
    run = Run(base, tmp_path / "kept", CONFIG, rows, development)
    run.at_step(3, run.cancel.finish)
    kept = run.train()
    assert [message["step"] for message in run.of_type("step")] == [1, 2, 3]
    assert [message["step"] for message in run.of_type("eval")] == [3]  # it is measured before it ends
    assert (run.trainer.progress.ended, run.trainer.progress.best_step) == (Ending.KEPT, 3)

    again = Run(base, tmp_path / "kept", CONFIG, rows, development)  # killed after that: it does not go on training
    again.resume()
    assert again.train() == kept
    assert again.of_type("step") == []


def test_nothing_can_be_kept_before_the_first_step(base: BaseModel, tmp_path: Path, encode: Any) -> None:
    run = Run(base, tmp_path / "checkpoints", CONFIG, encode(make_rows(4)))
    run.cancel.finish()
    with pytest.raises(TrainingError, match="nothing to keep") as failure:
        run.trainer.train()
    assert failure.value.resumable


def test_two_checkpoints_are_kept_and_a_damaged_one_is_passed_over(
    base: BaseModel, tmp_path: Path, encode: Any
) -> None:
    folder = tmp_path / "checkpoints"
    run = Run(base, folder, replace(CONFIG, epochs=5), encode(make_rows(8)))
    run.train()
    assert sorted(path.name for path in folder.iterdir()) == ["step-00000009", "step-00000010"]
    assert not list(folder.rglob("adapters.safetensors"))
    (folder / "step-00000010" / "optimizer.safetensors").write_bytes(b"half")
    warnings: list[str] = []
    checkpoint = load_newest(folder, run.identity, warnings.append)
    assert checkpoint is not None and checkpoint.step == 9
    (warning,) = warnings
    assert "step 10 is damaged" in warning


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rows": {"train.jsonl": "bb"}}, "the training rows (train.jsonl) are others"),
        ({"rows": {"train.jsonl": "aa", "heldout.jsonl": "cc"}}, "the held-out rows (heldout.jsonl) are others"),
        ({"base": {"model.safetensors": "dd"}}, "the base model's model.safetensors is another one"),
        (
            {"settings": replace(CONFIG, rank=16, learning_rate=None).identity_record()},
            "the setting learning_rate is the objective's own, it was 0.01; the setting rank is 16, it was 4",
        ),
    ],
)
def test_the_checkpoint_of_another_run_is_refused_with_what_differs(
    base: BaseModel, tmp_path: Path, encode: Any, changes: dict[str, Any], words: str
) -> None:
    Run(base, tmp_path / "checkpoints", CONFIG, encode(make_rows(16))).train()
    with pytest.raises(TrainingError) as refusal:
        load_newest(tmp_path / "checkpoints", identity_of(CONFIG, **changes), lambda warning: None)
    assert words in refusal.value.message and refusal.value.message.count(";") == words.count(";")
    assert refusal.value.resumable  # what was put back may go on


def test_smaller_pieces_and_a_newer_library_may_go_on(base: BaseModel, tmp_path: Path, encode: Any) -> None:
    Run(base, tmp_path / "checkpoints", CONFIG, encode(make_rows(16))).train()
    warnings: list[str] = []
    now = identity_of(replace(CONFIG, lean=True, tokens_per_pass=64), engine={"mlx": "9.9"})
    assert load_newest(tmp_path / "checkpoints", now, warnings.append) is not None
    (warning,) = warnings
    assert "mlx is 9.9" in warning


def test_a_setting_that_came_later_has_its_default(base: BaseModel) -> None:
    old = identity_of(CONFIG)
    settings = {name: value for name, value in old.settings.items() if name not in ("samples", "best_by")}
    saved = RunIdentity.from_record(old.as_record() | {"settings": settings})
    assert identity_of(CONFIG).differences(saved) == []
    assert identity_of(replace(CONFIG, samples=9)).differences(saved) == ["the setting samples is 9, it was 3"]


def test_a_full_disk_pauses_the_run_and_leaves_the_last_checkpoint(
    base: BaseModel, tmp_path: Path, encode: Any, fill_disk: Callable[[], None]
) -> None:
    rows = encode(make_rows(14))
    run = Run(base, tmp_path / "full", EVERYTHING, rows)
    run.at_step(5, fill_disk)
    with pytest.raises(TrainingError) as failure:
        run.train()
    assert failure.value.resumable
    assert "The checkpoint of step 6 could not be saved" in failure.value.message
    assert "The checkpoint of step 3 is intact." in failure.value.message
    assert [path.name for path in run.folder.iterdir()] == ["step-00000003"]  # and nothing half written


def test_the_config_says_what_may_change() -> None:
    assert {"lean", "checkpointing", "tokens_per_pass"}.isdisjoint(TrainConfig().identity_record())
