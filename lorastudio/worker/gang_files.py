"""What rank 0 of a gang has on disk, on every rank: other machines need not see the library's folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import mlx.core as mx

from lorastudio.worker.conversations import Encoded
from lorastudio.worker.gang import Gang
from lorastudio.worker.replay import NO_REPLAY, Replay
from lorastudio.worker.tensor_file import load_tensors, tensor_bytes


def folder_of_first(gang: Gang, folder: Path, pattern: str, copy: Path) -> Path:
    """The folder itself on rank 0; on the others `copy`, filled with rank 0's files that match `pattern`."""
    found = sorted(file for file in folder.glob(pattern) if file.is_file()) if gang.is_first else []
    names = json.dumps([file.relative_to(folder).as_posix() for file in found]).encode("utf-8")
    for name in json.loads(gang.of_first(names)):
        content = gang.of_first((folder / name).read_bytes() if gang.is_first else b"")
        if not gang.is_first:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes(content)
    return folder if gang.is_first else copy


def tensors_of_first(gang: Gang, tensors: Mapping[str, mx.array], scratch: Path) -> dict[str, mx.array]:
    """Rank 0's values of tensors that all ranks have by the same names, bit for bit."""
    if gang.size == 1:
        return dict(tensors)
    file = scratch / "tensors.safetensors"
    file.write_bytes(gang.of_first(tensor_bytes(tensors) if gang.is_first else b""))
    return load_tensors(file)


def replay_of_first(gang: Gang, distil: Callable[[], Replay]) -> Replay:
    """Rank 0's replay, which alone distils it: unlike machines might not answer alike."""
    replay = distil() if gang.is_first else NO_REPLAY
    record = {"rows": [[row.prompt, row.answer] for row in replay.rows], "per_step": replay.per_step}
    whole = json.loads(gang.of_first(json.dumps(record).encode("utf-8")))
    rows = tuple(Encoded(tuple(prompt), tuple(answer)) for prompt, answer in whole["rows"])
    return Replay(rows, whole["per_step"])
