"""The refused rows of an import as a file: what stood there and why it did not come in, to be mended and read again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from lorastudio.datasets.rows import Refusal
from lorastudio.domain.files import atomic_writer
from lorastudio.services.write_failures import plain_write_failures


class RefusedRows:
    """Writes JSON lines `{"path", "line", "reason", "row"}`; `row` is null where nothing could be kept of it."""

    def __init__(self, file: BinaryIO | None) -> None:
        self._file = file

    def add(self, path: Path, refusal: Refusal) -> None:
        """Write one row down."""
        if self._file is None:
            return
        row = None if refusal.raw is None else refusal.raw.decode("utf-8", "backslashreplace")
        record = {"path": str(path), "line": refusal.line, "reason": refusal.reason, "row": row}
        self._file.write(json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")


@contextmanager
def refused_rows(path: Path | None) -> Iterator[RefusedRows]:
    """A place for refused rows; the file appears whole when the block ends, or not at all when it raises. KnownError
    when it can't be written. None: nowhere."""
    if path is None:
        yield RefusedRows(None)
        return
    with plain_write_failures(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_writer(path) as file:
            yield RefusedRows(file)
