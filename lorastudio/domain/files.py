"""Files that are either whole or not there: written beside, fsynced, renamed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

_BLOCK_BYTES = 1 << 20


def fsync_folder(folder: Path) -> None:
    """Make renames inside `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_file(path: Path) -> None:
    """Make the content of a file that somebody else wrote durable."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def atomic_writer(path: Path) -> Iterator[BinaryIO]:
    """A binary file that appears at `path` whole when the block ends, or not at all when it raises.

    The unfinished file lies beside it as `<name>.partial-<pid>`; OSError (disk full, no permission) passes
    through with nothing left behind.
    """
    partial = path.with_name(f"{path.name}.partial-{os.getpid()}")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        fsync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def write_atomic(path: Path, data: bytes) -> None:
    """Put `data` at `path`, whole or not at all."""
    with atomic_writer(path) as file:
        file.write(data)


def write_json_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Put records at `path` as JSON, one a line, whole or not at all; ValueError for NaN and infinities."""
    with atomic_writer(path) as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content as 64 hex digits."""
    import hashlib  # brings OpenSSL, which the first frame of the window can do without

    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
