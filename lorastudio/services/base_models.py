"""Which base model is meant, and where its files are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import KnownError
from lorastudio.hub.cache import HubCache
from lorastudio.hub.model import HubModel, parse_hub_model
from lorastudio.paths import practice_model
from lorastudio.processes.jobs import Worker
from lorastudio.store.library import Library
from lorastudio.store.settings import get_setting, set_setting
from lorastudio.store.versions import get_version
from lorastudio.training.model_files import listed_weights

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
    set_setting(library, BASE_SETTING, pinned_base(base))
    return folder


def pinned_base(base: str) -> str:
    """The name under which a base that is here means the same files tomorrow: a folder in full, a hub name with the
    commit of its files. Raises what `resolve_base` raises."""
    folder = resolve_base(base)
    if base == PRACTICE_NAME or not Path(base).expanduser().is_dir():
        model = parse_hub_model(base)
        return base if model is None else str(model.at(folder.name))
    return str(folder)


def missing_from_here(base: str) -> HubModel | None:
    """The model of the hub that `base` names, where it is not whole on this machine; None for every other base."""
    model = parse_hub_model(base)
    if model is None or base == PRACTICE_NAME or Path(base).expanduser().is_dir():
        return None
    folder = HubCache.of_environment().snapshot(model)
    return model if folder is None or _missing(folder) else None


def is_practice(base: str) -> bool:
    """Whether `base` is the practice world's own model."""
    return base == PRACTICE_NAME or Path(base) == practice_model()


def resolve_base(base: str) -> Path:
    """The folder that holds a base model's files.

    `base` is "practice", a folder, or a hub name ("owner/name", or "owner/name@revision") whose files are in the
    hub's cache on this machine. Raises `KnownError` when nothing usable is found; nothing is downloaded here.
    """
    if base == PRACTICE_NAME:
        return _checked(practice_model(), base)
    folder = Path(base).expanduser()
    if folder.is_dir():
        return _checked(folder.resolve(), base)
    model = parse_hub_model(base)
    if model is None:
        raise KnownError(
            f"No base model is found at {base!r}.",
            "Give a folder with config.json and *.safetensors, or the name of a model on the hub, like owner/name.",
        )
    cached = HubCache.of_environment().snapshot(model)
    if cached is None:
        raise KnownError(f"No base model is found at {base!r}: it is not on this machine yet.", _how_to_download(model))
    return _checked(cached, base)


def inspect(base: str, logs: Path, cancel: CancelToken) -> dict[str, Any]:
    """What a base model is: the fields of the worker's `inspect` job, with the folder under "path"."""
    folder = resolve_base(base)
    with Worker(logs) as worker:
        found = worker.result({"job": "inspect", "base": str(folder)}, cancel)
    return {"path": str(folder)} | {key: value for key, value in found.items() if key != "type"}


def _checked(folder: Path, base: str) -> Path:
    if missing := _missing(folder):
        model = parse_hub_model(base)
        raise KnownError(
            f"The base model {base!r} is not complete: {', '.join(missing)} missing in {folder}.",
            "Choose a folder in MLX or Hugging Face format." if model is None else _how_to_download(model),
        )
    return folder


def _how_to_download(model: HubModel) -> str:
    return f"`lorastudio model download {model}` gets it from the hub."


def _missing(folder: Path) -> list[str]:
    """The files that a model needs and `folder` lacks; of weights in parts, those that their index names."""
    missing = [name for name in ("config.json", "tokenizer_config.json") if not (folder / name).is_file()]
    parts = sorted(listed_weights(folder))
    missing += [name for name in parts if not (folder / name).is_file()]
    if not parts and not any(file.is_file() for file in folder.glob("*.safetensors")):
        missing.append("*.safetensors")
    return missing
