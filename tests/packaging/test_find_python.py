"""The search for a Python trusts no name on PATH before it has run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def find_python(tmp_path: Path, pytestconfig: pytest.Config):
    """Runs the script with programs of the given names and texts first on PATH."""

    def find(programs: dict[str, str], **environment: str) -> subprocess.CompletedProcess[str]:
        for name, text in programs.items():
            program = tmp_path / name
            program.write_text(f"#!/bin/sh\n{text}\n")
            program.chmod(0o755)
        return subprocess.run(
            [pytestconfig.rootpath / "packaging" / "find_python.sh"],
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}"} | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return find


def test_passes_over_a_shim_that_fails_and_a_python_that_is_too_old(find_python) -> None:
    programs = {
        "python3.13": "echo 'command not found' >&2; exit 127",
        "python3.12": "echo 'AssertionError' >&2; exit 1",
        "python3.14": f'exec {sys.executable} "$@"',
    }
    found = find_python(programs)
    assert found.returncode == 0
    assert Path(found.stdout.strip()).samefile(sys.executable)


def test_takes_the_python_that_the_user_names(find_python) -> None:
    found = find_python({"python3.13": "echo /wrong"}, PYTHON=sys.executable)
    assert Path(found.stdout.strip()).samefile(sys.executable)


def test_refuses_a_named_python_that_can_not_do_it(find_python) -> None:
    assert find_python({"broken": "exit 1"}, PYTHON="broken").returncode != 0
