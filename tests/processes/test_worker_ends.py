"""How a worker's end reaches the user: damaged models, a kill by the system, words of a crash; no work in vain."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import TrainingError
from lorastudio.paths import practice_model
from lorastudio.processes.child import Child
from lorastudio.processes.jobs import Worker
from tests.worker.tiny_model import write_tiny_model

WEIGHTS = "model.safetensors"


def truncate(folder: Path) -> None:
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[: len(whole) // 2])


def scramble_header(folder: Path) -> None:
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[:8] + b"{" * 64 + whole[72:])


def replace_by_pointer(folder: Path) -> None:
    (folder / WEIGHTS).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 988097824\n")


def leave_nothing(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes(b"")


def lose_a_shard(folder: Path) -> None:
    index = {"weight_map": {"model.norm.weight": "model-00002-of-00002.safetensors", "lm_head.weight": WEIGHTS}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def lose_the_weights(folder: Path) -> None:
    (folder / WEIGHTS).unlink()


def lose_the_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def lose_the_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def break_the_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"version":')


DAMAGE: list[tuple[Callable[[Path], None], str]] = [
    (truncate, "model.safetensors are incomplete: 43,097 of 86,194 bytes"),
    (scramble_header, "are damaged: the file has no readable header"),
    (leave_nothing, "are damaged: the file has no readable header"),
    (replace_by_pointer, "only a pointer of Git LFS"),
    (lose_a_shard, "1 of its files of weights are missing, model-00002-of-00002.safetensors among them"),
    (lose_the_weights, "holds no weights"),
    (lose_the_tokenizer, "has no tokenizer"),
    (lose_the_config, "There is no model at"),
    (break_the_tokenizer, "can't be loaded"),
]


@pytest.fixture(scope="module")
def worker() -> Any:
    with Worker() as worker:
        yield worker


@pytest.mark.parametrize(("damage", "words"), DAMAGE, ids=[damage.__name__ for damage, _ in DAMAGE])
def test_a_damaged_model_is_told_in_plain_words(
    worker: Worker, tmp_path: Path, damage: Callable[[Path], None], words: str
) -> None:
    folder = write_tiny_model(tmp_path / "model")
    damage(folder)
    with pytest.raises(TrainingError) as told:
        worker.result({"job": "inspect", "base": str(folder)}, CancelToken())
    assert words in told.value.message
    assert told.value.hint
    assert not told.value.resumable


def test_the_tokenizer_of_another_model_is_refused(worker: Worker, tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "model", vocab_size=40)
    with pytest.raises(TrainingError, match="belongs to another model: it has 86 words, the model knows 40"):
        worker.result({"job": "inspect", "base": str(folder)}, CancelToken())


def test_a_worker_that_the_system_kills_is_told_with_what_it_did() -> None:
    with Worker() as worker:
        messages = worker.run({"job": "inspect", "base": str(practice_model())}, CancelToken())
        assert next(messages) == {"type": "phase", "name": "loading"}
        os.kill(worker._child.pid, signal.SIGKILL)
        with pytest.raises(
            TrainingError, match="system killed the worker process while loading the base model"
        ) as told:
            list(messages)
    assert (told.value.resumable, told.value.failure) == (True, "killed")


def test_the_last_words_are_complete_when_the_end_is_known() -> None:
    with Child("worker") as child:
        assert child.receive(60) is not None
        child.send({"type": "job", "job": "no such job", "base": "/"})
        os.kill(child.pid, signal.SIGABRT)
        while child.receive(60) is not None:
            pass
        assert child.returncode == -signal.SIGABRT
        assert not child._readers[0].is_alive()
