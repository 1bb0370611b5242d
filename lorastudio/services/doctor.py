"""The health of the library and of this machine, for `lorastudio doctor`."""

from __future__ import annotations

import platform
import sqlite3
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lorastudio.domain.errors import BugError, KnownError
from lorastudio.domain.sizes import size_in_words
from lorastudio.endpoints.secrets import Keychain
from lorastudio.hub.cache import HubCache
from lorastudio.paths import practice_model
from lorastudio.processes.jobs import Worker
from lorastudio.services.base_models import default_base, resolve_base
from lorastudio.store.health import Finding, check
from lorastudio.store.library import Library

PACKAGES = (
    "lorastudio",
    "mlx",
    "mlx-lm",
    "numpy",
    "pyside6-essentials",
    "sqlite-utils",
    "httpx",
    "starlette",
    "uvicorn",
    "keyring",
    "typer",
    "rich",
)
_BACKENDS = {"metal": "on the Metal GPU", "cuda": "on a CUDA GPU", "cpu": "on the CPU"}


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """What was looked at, and the version of everything that takes part, by name."""

    findings: tuple[Finding, ...]
    versions: dict[str, str]


def examine(home: Path) -> DoctorReport:
    """Look at the library in `home` and at what the program needs around it; changes nothing.

    What is wrong is a finding, never an error. A worker is started for a moment, because only workers load MLX.
    """
    return DoctorReport(
        findings=(*_library(home), _practice_model(), _base_model(home), _downloads(), _worker(), _keychain()),
        versions=_versions(),
    )


def _library(home: Path) -> list[Finding]:
    try:
        with Library.open(home, write=False) as library:
            return check(library)
    except KnownError as error:
        return [Finding("library", False, error.message, error.hint)]


def _practice_model() -> Finding:
    folder = practice_model()
    if (folder / "config.json").is_file():
        return Finding("practice model", True, f"{folder}.")
    return Finding("practice model", False, f"{folder} is missing.", "Install the program again.")


def _base_model(home: Path) -> Finding:
    try:
        with Library.open(home, write=False) as library:
            base = default_base(library)
        return Finding("base model", True, f"{base} is in {resolve_base(base)}.")
    except KnownError as error:
        return Finding("base model", False, error.message, error.hint)


def _downloads() -> Finding:
    left = HubCache.of_environment().unfinished()
    if not left:
        return Finding("downloads", True, "No model is half downloaded.")
    words = ", ".join(f"{part.repository} ({size_in_words(part.size_bytes)})" for part in left)
    hint = f"`lorastudio model download {left[0].repository}` goes on from there."
    return Finding("downloads", True, f"Half downloaded: {words}.", hint)


def _worker() -> Finding:
    try:
        with Worker() as worker:
            backend = str(worker.hello.get("backend"))
    except KnownError as error:
        return Finding("worker", False, error.message, "Install the program again; MLX may not fit this machine.")
    except BugError as error:
        return Finding("worker", False, f"The worker process broke: {error}", "Install the program again.")
    return Finding("worker", True, f"MLX computes {_BACKENDS.get(backend, backend)}.")


def _keychain() -> Finding:
    keychain = Keychain()
    hint = "" if keychain.lasting else "Keys must be given again at every start."
    return Finding("keychain", True, f"Keys are kept in {keychain.place}.", hint)


def _versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "sqlite": sqlite3.sqlite_version,
        **{name: _version(name) for name in PACKAGES},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
