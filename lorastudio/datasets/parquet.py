"""Parquet files, where pyarrow is installed (the extra `parquet`)."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from typing import Any

from lorastudio.datasets.content import Content
from lorastudio.datasets.rows import BadRow, Refusal, Row, clean_row

MAGIC = b"PAR1"
NOT_INSTALLED = (
    "the file is a Parquet file, and what reads these is not installed: run `pip install 'lorastudio[parquet]'`, "
    "or export it as JSON lines"
)
_ROWS_AT_ONCE = 500


def read_parquet(content: Content) -> Iterator[Row | Refusal]:
    """Every row; the "line" is the number of the row, from 1. One refusal where the file can't be read."""
    try:
        from pyarrow import ArrowException, parquet  # optional, and large
    except ImportError:
        yield Refusal(0, NOT_INSTALLED)
        return
    line = 0
    try:
        with parquet.ParquetFile(content.file, memory_map=False) as table:
            rows = max(table.metadata.num_rows, 1)
            for batch in table.iter_batches(batch_size=_ROWS_AT_ONCE, use_threads=False):
                for values in batch.to_pylist():
                    line += 1
                    yield _row(line, values)
                content.bytes_read = content.size_bytes * line // rows
    except (ArrowException, ValueError) as error:
        yield Refusal(line and line + 1, f"the Parquet file is damaged from here on: {str(error).splitlines()[0]}")


def _row(line: int, values: dict[str, Any]) -> Row | Refusal:
    try:
        return clean_row(line, {name: _plain(value) for name, value in values.items()})
    except BadRow as bad:
        return Refusal(line, str(bad))


def _plain(value: Any) -> Any:
    """The value as JSON has it; what JSON has no word for as text."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value if value is None or isinstance(value, (str, int)) else str(value)
