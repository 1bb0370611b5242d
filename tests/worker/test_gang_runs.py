"""Whole runs on several processes of this machine, which meet over loopback as those of several machines do."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled, TrainingError
from lorastudio.domain.files import write_json_lines
from lorastudio.processes.gang import WorkerGang, start_workers
from lorastudio.processes.jobs import Worker
from lorastudio.training.config import TrainConfig
from lorastudio.training.hosts import Host, HostList, Ring
from lorastudio.training.protocol import ADAPTER_PARTIAL
from tests.worker.conftest import make_rows
from tests.worker.tiny_model import write_tiny_model

HERE = Host("127.0.0.1", ("127.0.0.1",))
TWO = HostList((HERE, HERE))
# 17 rows in steps of 8: the last step of each epoch has one row for two processes.
CONFIG = TrainConfig(
    rank=4, learning_rate=1e-2, epochs=7, batch_size=4, accumulation=2, checkpoint_every_steps=4,
    evaluate_every_steps=7, replay_per_step=2, replay_prompts=("b1", "c2 c3", "d4"), samples=0,
)  # fmt: skip
STEPS = 21


@dataclass(frozen=True)
class Whole:
    folder: Path
    data: Path
    messages: list[dict[str, Any]]


def write_files(folder: Path) -> Path:
    folder.mkdir()
    lists = {"train": (17, 1), "development": (3, 50), "heldout": (3, 70)}
    for name, (count, first_id) in lists.items():
        write_json_lines(folder / f"{name}.jsonl", make_rows(count, first_id=first_id, seed=first_id))
    return folder


def order(base: Path, data: Path, folder: Path, **changes: Any) -> dict[str, Any]:
    return {
        "job": "train",
        "base": str(base),
        "data": str(data),
        "config": CONFIG.as_record(),
        "checkpoints": str(folder / "checkpoints"),
        "output": str(folder / "output"),
        "resume": False,
        "golden_prompts": [],
    } | changes


def adapter_of(folder: Path) -> np.ndarray:
    tensors = load_file(str(folder / "output" / ADAPTER_PARTIAL))
    return np.concatenate([tensors[name].ravel() for name in sorted(tensors)])


def steps_of(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    steps = [message for message in messages if message["type"] == "step"]
    return [step for newest in steps for step in (*newest.get("earlier", ()), newest)]


def run(workers: Worker | WorkerGang, job: dict[str, Any]) -> list[dict[str, Any]]:
    with workers:
        return list(workers.run(job, CancelToken()))


@pytest.fixture(scope="module")
def whole(tiny_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """One run on two processes that nothing disturbs."""
    folder = tmp_path_factory.mktemp("whole")
    data = write_files(folder / "data")
    return Whole(folder, data, run(start_workers(TWO), order(tiny_path, data, folder)))


def test_two_processes_train_the_adapter_of_one(tiny_path: Path, whole: Whole, tmp_path: Path) -> None:
    alone = run(start_workers(None), order(tiny_path, whole.data, tmp_path))
    both = whole.messages
    assert both[-1]["type"] == alone[-1]["type"] == "done"
    assert both[-1]["steps"] == STEPS and both[-1]["best_step"] == alone[-1]["best_step"]
    assert {message["type"] for message in both} == {message["type"] for message in alone}
    for theirs, ours in zip(steps_of(both), steps_of(alone), strict=True):
        assert (theirs["step"], theirs["tokens"]) == (ours["step"], ours["tokens"])
        assert theirs["loss"] == pytest.approx(ours["loss"], rel=1e-4)
    expected = adapter_of(tmp_path)
    assert np.linalg.norm(adapter_of(whole.folder) - expected) <= 1e-3 * np.linalg.norm(expected)


@pytest.mark.parametrize("victim", [0, 1])
def test_a_dead_rank_ends_the_run_which_goes_on_later(
    tiny_path: Path, whole: Whole, tmp_path: Path, victim: int
) -> None:
    with start_workers(TWO) as workers, pytest.raises(TrainingError) as caught:
        assert isinstance(workers, WorkerGang)
        for message in workers.run(order(tiny_path, whole.data, tmp_path), CancelToken()):
            if message["type"] == "saved" and message["step"] >= 8:
                os.kill(workers.pids[victim], signal.SIGKILL)
    assert f"On 127.0.0.1 (rank {victim}): " in caught.value.message and "killed" in caught.value.message
    assert caught.value.resumable and "`lorastudio resume` goes on" in caught.value.hint
    assert not (tmp_path / "output").exists()
    if victim == 0:
        return  # from here on it is all the same
    resumed = run(start_workers(TWO), order(tiny_path, whole.data, tmp_path, resume=True))
    assert steps_of(resumed)[0]["step"] >= 9
    assert resumed[-1]["adapter_hash"] == whole.messages[-1]["adapter_hash"]


def test_a_stopped_run_goes_on_alone(tiny_path: Path, whole: Whole, tmp_path: Path) -> None:
    cancel = CancelToken()
    messages = []
    with start_workers(TWO) as workers, pytest.raises(Cancelled):
        for message in workers.run(order(tiny_path, whole.data, tmp_path), cancel):
            messages.append(message)
            if message["type"] == "step":
                cancel.cancel()
    assert messages[-1]["type"] == "saved"
    resumed = run(start_workers(None), order(tiny_path, whole.data, tmp_path, resume=True))
    assert steps_of(resumed)[0]["step"] == messages[-1]["step"] + 1
    assert any("number of processes is 1, it was 2" in message.get("message", "") for message in resumed)
    expected = adapter_of(whole.folder)
    assert np.linalg.norm(adapter_of(tmp_path) - expected) <= 1e-3 * np.linalg.norm(expected)


def test_a_ring_that_does_not_close_is_told_with_its_host() -> None:
    @dataclass(frozen=True, slots=True)
    class Taken(HostList):
        port: int = 0

        def ring(self) -> Ring:
            return [[f"127.0.0.1:{self.port}"], ["127.0.0.1:1"]]

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(TrainingError, match=r"\(rank 0\) could not join the others at 127") as caught:
            WorkerGang(Taken(TWO.hosts, (), other.getsockname()[1]))
    assert caught.value.resumable and "hosts file" in caught.value.hint


def test_what_no_rank_can_do_is_told_as_of_one_process(tiny_path: Path, whole: Whole, tmp_path: Path) -> None:
    config = TrainConfig(max_seq_length=8).as_record()
    with pytest.raises(TrainingError, match=r"^No row is left to train on") as caught:
        run(start_workers(TWO), order(tiny_path, whole.data, tmp_path, config=config))
    assert not caught.value.resumable


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a program called ssh on the path that does `script` with the remote command in $remote, and keeps argv."""

    def install(script: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        arguments = folder / "arguments.txt"
        program = folder / "ssh"
        program.write_text(f'#!/bin/sh\necho "$@" > "{arguments}"\nfor remote; do :; done\n{script}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        return arguments

    return install


FAR = HostList((HERE, Host("far-away", ("127.0.0.1",))), (("MLX_EXAMPLE", "1"),))


def test_a_host_behind_ssh(tiny_path: Path, whole: Whole, tmp_path: Path, ssh: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("LORASTUDIO_TOKEN", "secret")
    arguments = ssh('exec sh -c "$remote"')
    done = run(start_workers(FAR), order(tiny_path, whole.data, tmp_path))[-1]
    assert done["adapter_hash"] == whole.messages[-1]["adapter_hash"]
    said = arguments.read_text()
    assert "-o BatchMode=yes" in said and "-- far-away exec env" in said and "MLX_EXAMPLE=1" in said
    assert "secret" not in said


def test_a_host_with_another_base_model_is_named(tiny_path: Path, whole: Whole, tmp_path: Path, ssh: Any) -> None:
    other = write_tiny_model(tmp_path / "other", seed=1)
    ssh(f"sed -u 's#{tiny_path}#{other}#g' | sh -c \"$remote\"")
    with pytest.raises(TrainingError, match=r"^The base model on far-away is not the one on 127\.0\.0\.1") as caught:
        run(start_workers(FAR), order(tiny_path, whole.data, tmp_path))
    assert f"Copy {tiny_path} to the same place on every host" in caught.value.hint
    assert not (tmp_path / "checkpoints").exists()


def test_a_host_that_is_not_there(ssh: Any) -> None:
    ssh("echo 'ssh: connect to host far-away port 22: Connection refused' >&2; exit 255")
    with pytest.raises(TrainingError, match=r"On far-away: .* code 255 \(ssh: connect to host far-away") as caught:
        start_workers(FAR)
    assert caught.value.resumable
