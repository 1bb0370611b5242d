"""Tiny models and data for the worker's tests."""

from __future__ import annotations

import functools
import itertools
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lorastudio.processes.child import Child
from lorastudio.training.config import Objective
from lorastudio.training.protocol import PROTOCOL
from lorastudio.worker.base_model import BaseModel, load_base
from lorastudio.worker.conversations import ChatCodec
from lorastudio.worker.rows import TrainRow, read_rows
from tests.worker.children import WAIT_S
from tests.worker.tiny_model import WORDS, write_tiny_model
from tests.worker.tiny_versions import load_quantized

Rows = list[dict[str, Any]]


@pytest.fixture(scope="session")
def tiny_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("base") / "tiny")


@pytest.fixture(scope="session")
def base(tiny_path: Path) -> BaseModel:
    return load_base(tiny_path)


@pytest.fixture(scope="session")
def codec(base: BaseModel) -> ChatCodec:
    return ChatCodec(base)


@pytest.fixture(scope="session")
def quantized_base(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], BaseModel]:
    """The tiny base with so many bits a weight."""
    return functools.cache(lambda bits: load_quantized(tmp_path_factory.mktemp("quantized") / "tiny", bits))


def make_rows(count: int, *, first_id: int = 1, seed: int = 0, bad: bool = True) -> Rows:
    """Pairs of unlike length: good answers are made of words with a, bad ones of words with h."""
    rng = random.Random(seed)

    def words(letters: str, most: int) -> str:
        pool = [word for word in WORDS if word[0] in letters]
        return " ".join(rng.choices(pool, k=rng.randint(2, most)))

    return [
        {
            "id": first_id + index,
            "prompt": [{"role": "user", "content": words("bcdefg", 12)}],
            "good": words("a", 10),
            "bad": words("h", 10) if bad else None,
        }
        for index in range(count)
    ]


@pytest.fixture
def write_data(tmp_path: Path) -> Callable[..., Path]:
    def write(train: Rows, development: Rows = (), heldout: Rows = (), name: str = "data") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for file, rows in (("train", train), ("development", development), ("heldout", heldout)):
            lines = "".join(json.dumps(row) + "\n" for row in rows)
            (folder / f"{file}.jsonl").write_text(lines, encoding="utf-8")
        return folder

    return write


@pytest.fixture
def encode(write_data: Callable[..., Path], codec: ChatCodec) -> Callable[..., list[TrainRow]]:
    """Rows as the trainer takes them."""
    numbers = itertools.count()

    def rows(records: Rows, objective: Objective = Objective.DPO_NLL) -> list[TrainRow]:
        folder = write_data(records, name=f"rows-{next(numbers)}")
        used, left_out = read_rows(folder / "train.jsonl", codec, objective, 90)
        assert not left_out
        return used

    return rows


@pytest.fixture(scope="module")
def worker() -> Iterator[Child]:
    with Child("worker") as child:
        hello = child.receive(WAIT_S)
        assert hello is not None and hello["type"] == "hello" and hello["protocol"] == PROTOCOL
        yield child


@pytest.fixture
def data(write_data: Callable[..., Path]) -> Path:
    """Rows for a training job: pairs, one good answer alone, and one row that can't be used."""
    return write_data(
        [*make_rows(24), *make_rows(1, first_id=70, bad=False), {**make_rows(1, first_id=80)[0], "good": None}],
        make_rows(4, first_id=100, seed=1),
        make_rows(6, first_id=200, seed=2),
    )
