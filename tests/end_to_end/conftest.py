from __future__ import annotations

import fcntl
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lorastudio.practice.questions import drafting_questions
from tests.end_to_end.program import Program

QUESTIONS = 6


@dataclass(frozen=True)
class Prepared:
    """A home in which one cycle was drafted, trained, judged and deployed, and what the program printed."""

    home: Path
    events: list[dict[str, Any]]
    words: str


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Made once, also where several processes share the tests; tests work on copies."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    kept = shared / "prepared"
    with (shared / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            making = shared / "prepared-unfinished"
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            questions = making / "questions.txt"
            questions.write_text("".join(f"{item.text}\n" for item in drafting_questions(3, 1, QUESTIONS)), "utf-8")
            done = Program(making / "home").run("cycle", "--questions", questions, "--train", "--seed", "1", "--json")
            (making / "out").write_text(done.out, "utf-8")
            (making / "err").write_text(done.err, "utf-8")
            making.rename(kept)
    events = [json.loads(line) for line in (kept / "out").read_text("utf-8").splitlines()]
    return Prepared(kept / "home", events, (kept / "err").read_text("utf-8"))


@pytest.fixture
def program(prepared: Prepared, tmp_path: Path) -> Program:
    """The program over a copy of the prepared home."""
    shutil.copytree(prepared.home, tmp_path / "home")
    return Program(tmp_path / "home")


@pytest.fixture
def fresh(tmp_path: Path) -> Program:
    """The program over a home that does not exist yet."""
    return Program(tmp_path / "fresh-home")
