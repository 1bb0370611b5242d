"""Which files a model has on the hub, and which of them are taken."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from lorastudio.domain.errors import EndpointError, KnownError
from lorastudio.hub.model import HubModel, is_commit

# Data alone, and only what mlx-lm reads: no program text, and nothing that is unpickled.
SAFE_FILES = ("*.json", "model*.safetensors", "tokenizer.model", "*.tiktoken", "*.jinja", "*.txt")
# What says whether a model can be used at all.
CONFIGS = ("config.json", "tokenizer_config.json")
NEEDED = (*CONFIGS, "model*.safetensors")

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

Algorithm = Literal["sha256", "git"]


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file: `digest` is the SHA-256 of its content where the hub stores it apart (large files), else its git blob
    id, SHA-1 over "blob <size>\\0" and the content (Pro Git, 10.2, "Git Objects")."""

    name: str
    size_bytes: int
    digest: str
    algorithm: Algorithm

    @property
    def is_weights(self) -> bool:
        return self.name.endswith(".safetensors")


@dataclass(frozen=True, slots=True)
class Listing:
    """The files to take of a pinned model, the small ones first, weights last."""

    model: HubModel
    files: tuple[HubFile, ...]

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    @property
    def configs(self) -> tuple[HubFile, ...]:
        return tuple(file for file in self.files if file.name in CONFIGS)


def is_safe(name: str) -> bool:
    """Whether a file of this name is taken: of the repository's top folder, and of a kind that holds data alone."""
    return _PLAIN_NAME.fullmatch(name) is not None and any(fnmatchcase(name, pattern) for pattern in SAFE_FILES)


def read_listing(model: HubModel, record: Any) -> Listing:
    """What the hub answered for `model`, with `?blobs=true`.

    Raises `EndpointError` for an answer that makes no sense, `KnownError` for a repository that holds no model in
    safetensors.
    """
    try:
        commit = record["sha"]
        files = [_hub_file(entry) for entry in record["siblings"] if is_safe(entry["rfilename"])]
    except (KeyError, TypeError, ValueError) as error:
        raise EndpointError(f"The hub's answer about {model} can't be understood ({error!r}).") from None
    if not isinstance(commit, str) or not is_commit(commit):
        raise EndpointError(f"The hub's answer about {model} names no commit.")
    missing = [need for need in NEEDED if not any(fnmatchcase(file.name, need) for file in files)]
    if missing:
        raise KnownError(
            f"{model} can't be used: the hub has no {', '.join(missing)} of it.",
            "Choose one in MLX or Hugging Face format with weights in safetensors; other formats may hold programs.",
        )
    return Listing(model.at(commit), tuple(sorted(files, key=lambda file: (file.is_weights, file.name))))


def refuse_own_code(model: HubModel, name: str, content: bytes) -> None:
    """Raise `KnownError` when the config file `name` can't be read, or asks to run Python of the model's own."""
    try:
        config = json.loads(content)
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise KnownError(f"The {name} of {model} can't be read.", "Choose another model.")
    if "auto_map" in config or "model_file" in config:
        raise KnownError(
            f"{model} wants to run its own code, which is never downloaded.", "Choose a model that mlx-lm knows itself."
        )


def _hub_file(entry: Mapping[str, Any]) -> HubFile:
    large = entry.get("lfs")
    size = large["size"] if large else entry["size"]
    digest = large["sha256"] if large else entry["blobId"]
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise ValueError(f"size {size!r}")
    if not isinstance(digest, str) or not (_SHA256.fullmatch(digest) if large else is_commit(digest)):
        raise ValueError(f"digest {digest!r}")
    return HubFile(entry["rfilename"], size, digest, "sha256" if large else "git")
