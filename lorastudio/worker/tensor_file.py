"""Safetensors written so that the same tensors always give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import mlx.core as mx
import numpy as np

_DTYPE_NAMES = {
    "float32": "F32",
    "float16": "F16",
    "int32": "I32",
    "int64": "I64",
    "uint32": "U32",
    "uint64": "U64",
}
_ALIGNMENT_BYTES = 8


def tensor_bytes(tensors: Mapping[str, mx.array]) -> bytes:
    """The safetensors file of `tensors`, ordered by name.

    mx.save_safetensors writes in the order of a hash table, which may differ between two runs.
    Format: https://huggingface.co/docs/safetensors (length of the header, header as JSON, data).
    """
    header: dict[str, object] = {"__metadata__": {"format": "mlx"}}
    blocks: list[bytes] = []
    start = 0
    for name in sorted(tensors):
        values = np.ascontiguousarray(np.array(tensors[name]))
        block = values.tobytes()
        end = start + len(block)
        shape = list(tensors[name].shape)
        header[name] = {"dtype": _DTYPE_NAMES[values.dtype.name], "shape": shape, "data_offsets": [start, end]}
        blocks.append(block)
        start = end
    text = json.dumps(header, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % _ALIGNMENT_BYTES)
    return b"".join([len(text).to_bytes(8, "little"), text, *blocks])


def load_tensors(file: Path) -> dict[str, mx.array]:
    """The named tensors of a safetensors file, in memory; OSError, ValueError or RuntimeError when it is damaged."""
    loaded = mx.load(str(file))
    if not isinstance(loaded, dict):
        raise ValueError(f"{file} holds no named tensors")
    mx.eval(loaded)
    return loaded
