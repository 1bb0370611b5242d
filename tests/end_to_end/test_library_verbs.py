"""The library's health and safety by the program, and how failures are told."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from lorastudio.store.library import Library
from tests.end_to_end.program import TIMEOUT_S, Program, command

LISTINGS = ("pairs", "runs", "versions", "stats", "ready", "gate-questions")


def test_the_doctor_finds_a_used_library_sound_and_names_every_version(program: Program) -> None:
    report = program.json("doctor")
    assert set(report) == {"findings", "versions"}
    assert all(finding["ok"] for finding in report["findings"]), report["findings"]
    assert {"library", "integrity", "missing files", "orphan files", "disk space", "worker"} <= {
        finding["name"] for finding in report["findings"]
    }
    assert {"python", "sqlite", "lorastudio", "mlx"} <= report["versions"].keys()
    (program.home / "versions" / "99-0123456789ab").mkdir()
    next(program.home.glob("versions/1-*/adapters.safetensors")).unlink()
    found = {item["name"]: item["message"] for item in program.json("doctor", code=1)["findings"] if not item["ok"]}
    assert set(found) == {"missing files", "orphan files"}


def test_a_backup_is_made_while_another_process_writes(program: Program, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with Library.open(program.home, write=True, verb="a long import"):
        said = program.refusal("undo")
        made = program.json("backup", copy)
        listed = program.json("pairs")["counts"]
    assert f"process {os.getpid()}, busy with “a long import”" in said
    assert made == {"path": str(copy), "bytes": copy.stat().st_size}
    assert "exists already" in program.refusal("backup", copy)
    (tmp_path / "restored").mkdir()
    copy.rename(tmp_path / "restored" / "library.db")
    assert Program(tmp_path / "restored").json("pairs")["counts"] == listed


def test_a_library_of_a_newer_program_is_left_alone(fresh: Program) -> None:
    fresh.home.mkdir()
    with closing(sqlite3.connect(fresh.home / "library.db")) as newer:
        newer.execute("PRAGMA user_version = 999")
    before = (fresh.home / "library.db").read_bytes()
    for verb in ("stats", "undo"):
        assert "newer" in fresh.refusal(verb)
    assert not next(item for item in fresh.json("doctor", code=1)["findings"] if item["name"] == "library")["ok"]
    assert (fresh.home / "library.db").read_bytes() == before


def test_listing_an_empty_library_creates_nothing(fresh: Program) -> None:
    for verb in LISTINGS:
        fresh.json(verb)
    assert not fresh.home.exists()


def test_a_home_on_the_command_line_comes_before_the_environment(program: Program, tmp_path: Path) -> None:
    assert program.json("stats")["total_versions"] == 1
    assert program.json("stats", "--home", tmp_path / "другой дом")["total_versions"] == 0


def test_a_home_that_can_not_be_one_is_wrong_usage(fresh: Program, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        assert "is a file" in fresh.refusal("stats", "--home", home, code=2)
        assert "is a file" in Program(home).refusal("doctor", code=2)
    assert "name is empty" in fresh.refusal("stats", "--home", "", code=2)


def test_wrong_usage_is_told_in_words_and_as_json(fresh: Program) -> None:
    for arguments in (("nosuch",), ("pairs", "--state", "gone"), ("gate", "one"), ("gate", "9" * 30)):
        fresh.refusal(*arguments, code=2)
    people = fresh.run("pairs", "--limit", "0", code=2)
    assert people.out == ""
    assert "--limit" in people.err


def test_a_base_model_is_described(fresh: Program, tmp_path: Path) -> None:
    described = fresh.json("model", "info", "practice")
    assert {"model", "path", "architecture", "parameters", "context_length", "template_hash"} <= described.keys()
    assert "config.json" in fresh.refusal("model", "info", str(tmp_path))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_that_can_not_be_written_is_a_failure_without_a_traceback(fresh: Program) -> None:
    with Path("/dev/full").open("wb") as full:
        failed = subprocess.run(
            command("stats", "--json"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=fresh.environment,
            timeout=TIMEOUT_S,
            check=False,
        )
    assert failed.returncode == 1
    assert "No space left" in failed.stderr
    assert "Traceback" not in failed.stderr
