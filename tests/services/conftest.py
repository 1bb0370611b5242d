from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lorastudio.processes.jobs import Worker
from lorastudio.store.library import Library
from tests.services.practice_versions import make_home


@pytest.fixture(scope="session")
def shared_worker() -> Iterator[Worker]:
    """One worker child for all tests that need one: starting it takes as long as its jobs."""
    with Worker() as worker:
        yield worker


@pytest.fixture(scope="session")
def trained_home(tmp_path_factory: pytest.TempPathFactory, shared_worker: Worker) -> Path:
    """A home with three real versions; tests work on copies."""
    home = tmp_path_factory.mktemp("trained") / "home"
    make_home(home, shared_worker)
    return home


@pytest.fixture
def library(trained_home: Path, tmp_path: Path) -> Iterator[Library]:
    """A copy of the trained home, open for writing."""
    shutil.copytree(trained_home, tmp_path / "home")
    with Library.open(tmp_path / "home", write=True, verb="test") as library:
        yield library


@pytest.fixture
def empty_library(tmp_path: Path) -> Iterator[Library]:
    """A new library, open for writing."""
    with Library.open(tmp_path / "empty-home", write=True, verb="test") as library:
        yield library


@pytest.fixture
def second_library(tmp_path: Path) -> Iterator[Library]:
    """Another new library, open for writing."""
    with Library.open(tmp_path / "second-home", write=True, verb="test") as library:
        yield library
