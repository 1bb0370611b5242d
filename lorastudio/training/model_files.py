"""Whether a model's folder is whole, told before anything is loaded: every file there, none cut short.

Reads headers only, so that a damaged file is named in words of its own and not by the first tensor that fails.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lorastudio.domain.errors import KnownError

INDEX_FILE = "model.safetensors.index.json"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model", "tiktoken.model")
_LFS_POINTER = b"version https://git-lfs"
_LENGTH_BYTES = 8
_AGAIN = "Copy or download it again."


def check_model_files(folder: Path) -> None:
    """`KnownError` that says which file of a model is missing, damaged or cut short, and what to do."""
    _read_json(folder / "config.json")
    weights = sorted(folder.glob("model*.safetensors"))
    if missing := [name for name in sorted(listed_weights(folder)) if not (folder / name).is_file()]:
        raise KnownError(
            f"The model at {folder} is incomplete: {len(missing)} of its files of weights are missing, "
            f"{missing[0]} among them.",
            "Copy or download the model again.",
        )
    if not weights:
        raise KnownError(
            f"The model at {folder} holds no weights: there is no model*.safetensors.",
            "Choose a folder in MLX or Hugging Face format.",
        )
    for file in weights:
        check_tensor_file(file)
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        raise KnownError(
            f"The model at {folder} has no tokenizer: none of {', '.join(TOKENIZER_FILES)} is there.",
            "Copy the tokenizer's files from where the model came from.",
        )


def check_tensor_file(file: Path) -> None:
    """`KnownError` unless a safetensors file has a readable header and all the bytes that it promises.

    Format: the header's length in 8 bytes, the header as JSON with each tensor's place in the rest, then that
    rest (https://huggingface.co/docs/safetensors/index#format).
    """
    size = file.stat().st_size
    with file.open("rb") as content:
        start = content.read(max(_LENGTH_BYTES, len(_LFS_POINTER)))
        length = int.from_bytes(start[:_LENGTH_BYTES], "little")
        content.seek(_LENGTH_BYTES)
        header = _header(content.read(length)) if length <= size - _LENGTH_BYTES else None
    if start.startswith(_LFS_POINTER):
        raise KnownError(
            f"{file} is only a pointer of Git LFS, not the weights themselves.",
            "Run `git lfs pull` in its folder, or download the model again.",
        )
    if header is None:
        raise KnownError(f"The weights in {file} are damaged: the file has no readable header.", _AGAIN)
    needed = _LENGTH_BYTES + length + header
    if size < needed:
        raise KnownError(f"The weights in {file} are incomplete: {size:,} of {needed:,} bytes are there.", _AGAIN)


def listed_weights(folder: Path) -> set[str]:
    """The files of weights that the model's index names; empty without an index. `KnownError` for a damaged one."""
    if not (folder / INDEX_FILE).is_file():
        return set()
    return {str(name) for name in dict(_read_json(folder / INDEX_FILE).get("weight_map") or {}).values()}


def _header(text: bytes) -> int | None:
    """How many bytes the tensors of a header take; None for one that can't be read."""
    try:
        tensors = json.loads(text)
        return max((int(tensor["data_offsets"][1]) for name, tensor in tensors.items() if name[:2] != "__"), default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        return None


def _read_json(file: Path) -> dict[str, Any]:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise KnownError(f"{file} can't be read: {error}.", _AGAIN) from error
    if not isinstance(record, dict):
        raise KnownError(f"{file} holds no JSON object.", _AGAIN)
    return record
