"""The import contracts in pyproject.toml catch what they forbid."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BREACHES = {
    "Imports point down": ("domain/breach.py", "import lorastudio.services"),
    "The worker stands on training, processes, practice and domain alone": (
        "worker/breach.py",
        "import lorastudio.store",
    ),
    "Nobody but the entry point imports the worker": (
        "cli/breach.py",
        "def late():\n    import lorastudio.worker",
    ),
    "MLX and its libraries stay in the worker": ("gate/breach.py", "import mlx.core"),
    "Qt stays in the window and its bridge": ("services/breach.py", "from PySide6 import QtCore"),
    "Plots stay in the window": ("cli/plots.py", "import pyqtgraph"),
    "NumPy computes in the worker, the gate and vectors of texts alone": ("datasets/breach.py", "import numpy"),
    "The command line works through services, and reads the store": ("cli/calls.py", "import lorastudio.endpoints"),
}


@pytest.fixture
def copy_of_package(tmp_path: Path, pytestconfig: pytest.Config) -> Path:
    root = pytestconfig.rootpath
    shutil.copytree(root / "lorastudio", tmp_path / "lorastudio", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "pyproject.toml", tmp_path)
    return tmp_path


def contracts_in(folder: Path) -> str:
    """What import-linter says about the package in `folder`."""
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout + result.stderr


def test_each_contract_breaks_when_it_is_breached(copy_of_package: Path) -> None:
    for path, text in BREACHES.values():
        (copy_of_package / "lorastudio" / path).write_text(text + "\n")
    report = contracts_in(copy_of_package)
    for name in BREACHES:
        assert f"{name} BROKEN" in report, report


def test_a_package_without_a_place_in_the_layers_is_refused(copy_of_package: Path) -> None:
    newcomer = copy_of_package / "lorastudio" / "newcomer"
    newcomer.mkdir()
    (newcomer / "__init__.py").write_text("")
    assert "newcomer" in contracts_in(copy_of_package)
