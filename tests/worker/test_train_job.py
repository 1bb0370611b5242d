"""Training jobs through a real child process: their files, their kills, their ends."""

from __future__ import annotations

import json
import queue
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lorastudio.processes.child import Child
from lorastudio.training.config import BestBy, Objective, TrainConfig
from lorastudio.training.protocol import ADAPTER_PARTIAL, GOLDEN_FILE, RESULT_FILE
from tests.worker.children import WAIT_S, run_job
from tests.worker.conftest import make_rows
from tests.worker.train_orders import CONFIG, STEPS, steps_in, train_order

Message = dict[str, Any]
WriteData = Callable[..., Path]
LONG_STEPS = 700


def of_type(messages: list[Message], kind: str) -> list[Message]:
    return [message for message in messages if message["type"] == kind]


def killed_at(step: int, order: Message) -> list[int]:
    """Train in a child that is killed with -9 as soon as it tells of `step`, or of a later one; the steps it told."""
    told: list[int] = []

    def kill(message: Message) -> None:
        told.extend(record["step"] for record in steps_in(message))
        if told and told[-1] >= step:
            victim.kill()
            raise InterruptedError

    with Child("worker") as victim, suppress(InterruptedError):
        run_job(victim, on_message=kill, **order)
    return told


def same_files(one: Path, other: Path) -> bool:
    names = (ADAPTER_PARTIAL, GOLDEN_FILE, RESULT_FILE)
    return all((one / "output" / name).read_bytes() == (other / "output" / name).read_bytes() for name in names)


def test_train_writes_a_whole_unfinished_version(worker: Child, tiny_path: Path, data: Path, tmp_path: Path) -> None:
    messages: list[Message] = []
    done = run_job(worker, on_message=messages.append, **train_order(tiny_path, data, tmp_path))
    assert done["type"] == "done", done
    output = tmp_path / "output"
    assert sorted(file.name for file in output.iterdir()) == [
        "adapter-unfinished.safetensors", "adapter_config.json", "golden.json", "result.json",
    ]  # fmt: skip
    result = json.loads((output / RESULT_FILE).read_text())
    assert result == {key: value for key, value in done.items() if key != "type"}
    assert done["num_examples"] == 25 and done["left_out"] == [{"id": 80, "reason": "there is no good answer"}]
    assert (done["steps"], done["ended"], done["skipped_steps"]) == (STEPS, "complete", 0)
    assert done["best_step"] is not None
    assert done["validation_accuracy"] > 0.6 and done["reference_accuracy"] > 0.6
    assert {"phase", "step", "eval", "saved", "warning", "done"} <= {message["type"] for message in messages}
    assert [step["step"] for message in messages for step in steps_in(message)] == list(range(1, STEPS + 1))
    assert not list(tmp_path.glob("*partial*"))
    text = (output / "adapter_config.json").read_text()
    assert str(tmp_path) not in text and str(tiny_path) not in text


def test_a_few_development_prompts_are_answered_at_every_evaluation(
    worker: Child, tiny_path: Path, data: Path, tmp_path: Path
) -> None:
    messages: list[Message] = []
    run_job(worker, on_message=messages.append, **train_order(tiny_path, data, tmp_path))
    evals = of_type(messages, "eval")
    assert [message["step"] for message in evals] == [8, 16, 24, STEPS]
    for found in evals:
        assert [sample["id"] for sample in found["samples"]] == [100, 101, 102]  # of four, at even distances
        assert all(sample["prompt"].split() and sample["finish_reason"] for sample in found["samples"])
        qualities = [sample["quality"] for sample in found["samples"]]
        assert found["quality"] == pytest.approx(sum(qualities) / 3) and all(0 <= each <= 1 for each in qualities)
    assert evals[0]["samples"] != evals[-1]["samples"]


def test_kill_nine_loses_nothing_but_time(worker: Child, tiny_path: Path, data: Path, tmp_path: Path) -> None:
    """Three kills of one run, at steps of a die; each goes on where the last checkpoint was."""
    config = replace(CONFIG, epochs=20, evaluate_every_steps=20)
    whole = run_job(worker, **train_order(tiny_path, data, tmp_path / "whole", config))
    order = train_order(tiny_path, data, tmp_path / "killed", config)
    for step in sorted(random.Random(5).sample(range(1, 50), 3)):
        killed_at(step, order)
        order["resume"] = True
        assert not (tmp_path / "killed" / "output").exists()
    messages: list[Message] = []
    run_job(worker, on_message=messages.append, **order)
    steps = [record["step"] for message in messages for record in steps_in(message)]
    assert steps == list(range(steps[0], whole["steps"] + 1)) and steps[0] > 1
    assert same_files(tmp_path / "killed", tmp_path / "whole")


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_kill_nine_at_any_moment_of_a_long_run(
    worker: Child, tiny_path: Path, tmp_path: Path, write_data: WriteData
) -> None:
    """Forty kills after random times, in the middle of steps, saves and evaluations as they come."""
    rows = write_data(make_rows(28), make_rows(4, first_id=100, seed=1))
    config = replace(CONFIG, epochs=100, checkpoint_every_steps=3, evaluate_every_steps=5, dropout=0.1)
    run_job(worker, **train_order(tiny_path, rows, tmp_path / "whole", config))
    order = train_order(tiny_path, rows, tmp_path / "killed", config)
    dice = random.Random(7)
    for _ in range(40):
        with Child("worker") as victim:
            began = dice.uniform(0.0, 3.0)
            with suppress(TimeoutError):
                run_for(victim, began, order)
            victim.kill()
        order["resume"] = True
    done = run_job(worker, **order)
    assert done["steps"] == LONG_STEPS
    assert same_files(tmp_path / "killed", tmp_path / "whole")


def run_for(victim: Child, seconds: float, order: Message) -> None:
    """Train for some time after the first step; TimeoutError when it is over."""
    victim.send(
        {"type": "job"} | {key: str(value) if isinstance(value, Path) else value for key, value in order.items()}
    )
    until: float | None = None
    while True:
        try:
            message = victim.receive(WAIT_S if until is None else max(0.0, until - time.monotonic()))
        except queue.Empty:
            raise TimeoutError from None
        assert message is not None
        if message["type"] == "done":
            return
        if message["type"] == "step" and until is None:
            until = time.monotonic() + seconds
        if until is not None and time.monotonic() >= until:
            raise TimeoutError


def test_cancel_pauses_and_the_next_job_runs(worker: Child, tiny_path: Path, data: Path, tmp_path: Path) -> None:
    messages: list[Message] = []

    def cancel(message: Message) -> None:
        messages.append(message)
        if message["type"] == "step":
            worker.cancel()

    order = train_order(tiny_path, data, tmp_path, TrainConfig(epochs=200, learning_rate=1e-3))
    assert run_job(worker, on_message=cancel, **order)["type"] == "cancelled"
    last_step = max(record["step"] for message in messages for record in steps_in(message))
    saved = of_type(messages, "saved")[-1]
    assert saved["step"] == last_step and Path(saved["path"]).is_dir()
    assert run_job(worker, job="inspect", base=tiny_path)["type"] == "done"


def test_finish_keeps_what_was_learnt(worker: Child, tiny_path: Path, data: Path, tmp_path: Path) -> None:
    def finish(message: Message) -> None:
        if message["type"] == "step":
            worker.finish()

    order = train_order(tiny_path, data, tmp_path, TrainConfig(epochs=200, learning_rate=1e-3))
    done = run_job(worker, on_message=finish, **order)
    assert (done["type"], done["ended"]) == ("done", "kept")
    assert 0 < done["steps"] < 1400 and (tmp_path / "output" / ADAPTER_PARTIAL).is_file()


def test_a_paused_run_can_be_kept_later(worker: Child, tiny_path: Path, data: Path, tmp_path: Path) -> None:
    order = train_order(tiny_path, data, tmp_path)
    killed_at(13, order)
    messages: list[Message] = []
    done = run_job(worker, on_message=messages.append, **(order | {"resume": True, "finish": True}))
    assert (done["type"], done["ended"]) == ("done", "kept")
    assert not of_type(messages, "step") and done["steps"] >= 12 and done["steps"] % 4 == 0
    assert [message["step"] for message in of_type(messages, "eval")] in ([], [done["steps"]])


def test_nothing_to_keep_is_said_and_may_be_resumed(worker: Child, tiny_path: Path, data: Path, tmp_path: Path) -> None:
    failed = run_job(worker, **train_order(tiny_path, data, tmp_path, finish=True))
    assert failed["type"] == "failed" and failed["known"] and failed["resumable"]
    assert "nothing to keep" in failed["message"]


@pytest.mark.parametrize("part", ["rows", "settings", "base"])
def test_a_resume_of_something_else_is_refused_with_what_differs(
    worker: Child, tiny_path: Path, data: Path, tmp_path: Path, part: str
) -> None:
    order = train_order(tiny_path, data, tmp_path)
    run_job(worker, **order)
    order["resume"] = True
    if part == "rows":
        with (data / "development.jsonl").open("a") as file:
            file.write(json.dumps(make_rows(1, first_id=300, seed=9)[0]) + "\n")
        words = "the development rows (development.jsonl) are others"
    elif part == "settings":
        order["config"] = replace(CONFIG, alpha=8.0).as_record()
        words = "the setting alpha is 8.0, it was 16.0"
    else:
        order["base"] = tmp_path / "base"
        order["base"].mkdir()
        for file in tiny_path.iterdir():
            (order["base"] / file.name).write_bytes(file.read_bytes())
        config = json.loads((order["base"] / "config.json").read_text())
        (order["base"] / "config.json").write_text(json.dumps(config | {"rope_theta": 5000.0}))
        words = "the base model's config.json is another one"
    failed = run_job(worker, **order)
    assert failed["type"] == "failed" and failed["known"] and failed["resumable"]
    assert words in failed["message"] and "settings" not in failed["message"]


@pytest.mark.parametrize("objective", [Objective.DPO, Objective.SFT])
def test_no_rows_left_is_a_known_failure(
    worker: Child, tiny_path: Path, tmp_path: Path, write_data: WriteData, objective: Objective
) -> None:
    rows = make_rows(3, bad=False) if objective is Objective.DPO else [{**row, "good": None} for row in make_rows(3)]
    order = train_order(tiny_path, write_data(rows), tmp_path, TrainConfig(objective=objective))
    failed = run_job(worker, **order)
    assert failed["type"] == "failed" and failed["known"] and "No row is left" in failed["message"]
    assert not (tmp_path / "output").exists()


def test_no_held_out_pairs_no_accuracy(worker: Child, tiny_path: Path, tmp_path: Path, write_data: WriteData) -> None:
    rows = write_data(make_rows(4), [], make_rows(2, first_id=50, bad=False))
    done = run_job(worker, **train_order(tiny_path, rows, tmp_path))
    assert done["validation_accuracy"] is None and done["reference_accuracy"] is None
    assert done["heldout_loss"] > 0 and done["best_step"] is None
    empty = run_job(worker, **train_order(tiny_path, write_data(make_rows(4), name="empty"), tmp_path / "empty"))
    assert empty["heldout_loss"] is None and empty["token_accuracy"] is None


def test_quality_without_a_prompt_to_sample_is_said(
    worker: Child, tiny_path: Path, tmp_path: Path, write_data: WriteData
) -> None:
    messages: list[Message] = []
    config = replace(CONFIG, best_by=BestBy.QUALITY, epochs=1)
    order = train_order(tiny_path, write_data(make_rows(4)), tmp_path, config)
    assert run_job(worker, on_message=messages.append, **order)["type"] == "done"
    assert any("chosen by loss" in message["message"] for message in of_type(messages, "warning"))


def test_too_many_layers_warn_and_work(worker: Child, tiny_path: Path, data: Path, tmp_path: Path) -> None:
    messages: list[Message] = []
    order = train_order(tiny_path, data, tmp_path, TrainConfig(layers=16, epochs=1))
    assert run_job(worker, on_message=messages.append, **order)["type"] == "done"
    assert any("2 layers, not 16" in message.get("message", "") for message in messages)
