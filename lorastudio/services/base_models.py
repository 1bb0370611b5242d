"""Which base model is meant, and where its files are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import KnownError
from lorastudio.paths import practice_model
from lorastudio.processes.jobs import Worker
from lorastudio.store.library import Library
from lorastudio.store.settings import get_setting, set_setting
from lorastudio.store.versions import get_version

BASE_SETTING = "base_model"
PRACTICE_NAME = "practice"


def default_base(library: Library) -> str:
    """The library's base model: what was chosen, else the practice model."""
    return str(get_setting(library, BASE_SETTING, PRACTICE_NAME))


def base_of(library: Library, version: int | None) -> str:
    """The base model under a version; None, the bare base, is the library's own."""
    return default_base(library) if version is None else get_version(library, version).base_model


def choose_base(library: Library, base: str) -> Path:
    """Make `base` the library's base model; returns its folder. `KnownError` when it isn't there."""
    folder = resolve_base(base)
    set_setting(library, BASE_SETTING, base if base == PRACTICE_NAME or not Path(base).is_dir() else str(folder))
    return folder


def is_practice(base: str) -> bool:
    """Whether `base` is the practice world's own model."""
    return base == PRACTICE_NAME or Path(base) == practice_model()


def resolve_base(base: str) -> Path:
    """The folder that holds a base model's files.

    `base` is "practice", a folder, or a hub name ("owner/name") whose files are in the hub's cache on this
    machine. Raises `KnownError` when nothing usable is found; nothing is downloaded here.
    """
    if base == PRACTICE_NAME:
        return _checked(practice_model(), base)
    folder = Path(base).expanduser()
    if folder.is_dir():
        return _checked(folder.resolve(), base)
    cached = _cached_snapshot(base)
    if cached is None:
        raise KnownError(
            f"No base model is found at {base!r}.",
            "Give a folder with config.json and *.safetensors, or a hub name that is already downloaded.",
        )
    return _checked(cached, base)


def inspect(base: str, logs: Path, cancel: CancelToken) -> dict[str, Any]:
    """What a base model is: the fields of the worker's `inspect` job, with the folder under "path"."""
    folder = resolve_base(base)
    with Worker(logs) as worker:
        found = worker.result({"job": "inspect", "base": str(folder)}, cancel)
    return {"path": str(folder)} | {key: value for key, value in found.items() if key != "type"}


def _checked(folder: Path, base: str) -> Path:
    missing = [name for name in ("config.json", "tokenizer_config.json") if not (folder / name).is_file()]
    if not any(folder.glob("*.safetensors")):
        missing.append("*.safetensors")
    if missing:
        raise KnownError(
            f"The base model {base!r} is not complete: {', '.join(missing)} missing in {folder}.",
            "Choose a folder in MLX or Hugging Face format.",
        )
    return folder


def _cached_snapshot(base: str) -> Path | None:
    """The hub cache's snapshot of `owner/name`, by its documented layout; None when it isn't there."""
    if base.count("/") != 1:
        return None
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    repository = Path(os.environ.get("HF_HUB_CACHE", home / "hub")) / f"models--{base.replace('/', '--')}"
    reference = repository / "refs" / "main"
    if not reference.is_file():
        return None
    snapshot = repository / "snapshots" / reference.read_text(encoding="utf-8").strip()
    return snapshot if snapshot.is_dir() else None
