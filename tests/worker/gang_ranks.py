"""What one rank does in the tests of the gang: `python -m tests.worker.gang_ranks PART FOLDER` under mlx.launch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlx.core as mx

from lorastudio.domain.errors import TrainingError
from lorastudio.worker.gang import Gang, launched_gang
from lorastudio.worker.gang_files import folder_of_first, tensors_of_first

ODD_BITS = [-0.0, float("nan"), 1 / 3]


def launch(module: str, part: str, folder: Path, ranks: int) -> tuple[list[dict[str, Any]], str]:
    """Run a part on `ranks` processes on loopback under the real mlx.launch; what each rank found, and stderr."""
    command = [sys.executable, "-m", f"tests.worker.{module}", part, str(folder)]
    port = str(20_000 + os.getpid() % 3_000 * 4)
    launcher = [str(Path(sys.executable).with_name("mlx.launch")), "-n", str(ranks), "-p", port, "--backend", "ring"]
    whole = [*launcher, *command]
    ended = subprocess.run(whole, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=120)
    found = [folder / f"{rank}.json" for rank in range(ranks)]
    return [json.loads(file.read_text()) for file in found if file.exists()], ended.stderr


def exchange(gang: Gang, folder: Path) -> dict[str, Any]:
    """One of every kind of meeting."""
    tree = {"a": mx.full((2, 3), 1.0 + gang.rank), "b": [mx.arange(5).astype(mx.bfloat16), mx.array(0.1 * gang.rank)]}
    summed = gang.sum_tree(tree)
    found = {
        "tree": [summed["a"].tolist(), summed["b"][0].tolist(), summed["b"][1].item()],
        "dtypes": [str(summed["a"].dtype), str(summed["b"][0].dtype)],
        "scalars": gang.sum_scalars([2.0**40 + 1, 0.5 * gang.rank]),
        "any": [gang.any(gang.rank == 2), gang.any(False)],
        "bytes": [gang.of_first(b"from 0" if gang.is_first else b"mine").decode(), gang.of_first(b"").decode()],
    }
    try:
        gang.require_same("The base model", "other" if gang.rank == 1 else "same", "Copy it.")
    except TrainingError as error:
        found["differs"] = str(error)
    return found | files(gang, folder)


def files(gang: Gang, folder: Path) -> dict[str, Any]:
    source, scratch = folder / "source", folder / f"scratch-{gang.rank}"
    scratch.mkdir()
    if gang.is_first:
        (source / "deep").mkdir(parents=True)
        (source / "deep" / "x.bin").write_bytes(bytes(range(256)))
        (source / "empty.bin").write_bytes(b"")
        (source / "other.txt").write_text("not asked for")
    copied = folder_of_first(gang, source, "**/*.bin", scratch / "copy")
    tensors = tensors_of_first(gang, {"w": mx.array(ODD_BITS) if gang.is_first else mx.zeros(3)}, scratch)
    return {
        "files": {file.relative_to(copied).as_posix(): len(file.read_bytes()) for file in copied.rglob("*.bin")},
        "bits": tensors["w"].view(mx.uint32).tolist(),
    }


def stuck(gang: Gang, folder: Path) -> dict[str, Any]:
    """Rank 1 never comes."""
    if gang.rank == 1:
        time.sleep(60)
    replace(gang, patience_s=0.3).any(False)
    return {}


def main(parts: dict[str, Callable[[Gang, Path], dict[str, Any]]]) -> None:
    gang, out = launched_gang(), Path(sys.argv[2])
    (out / f"{gang.rank}.json").write_text(json.dumps(parts[sys.argv[1]](gang, out)))


if __name__ == "__main__":
    main({"exchange": exchange, "stuck": stuck})
