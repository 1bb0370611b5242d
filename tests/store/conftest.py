"""A fresh library for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lorastudio.store.library import Library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "home", write=True, verb="test") as library:
        yield library
