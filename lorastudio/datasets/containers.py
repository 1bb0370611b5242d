"""What a file is packed in: lines or arrays of JSON, tables, plain text, Parquet; read from the content alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from lorastudio.datasets.content import Content, CutShort
from lorastudio.datasets.parquet import MAGIC, read_parquet
from lorastudio.datasets.plain_text import read_plain_text
from lorastudio.datasets.rows import Refusal, Row, is_object, rows_of_lines, rows_of_objects
from lorastudio.datasets.tables import find_delimiter, read_table

LINES, OBJECTS, TEXT, PARQUET = "JSON lines", "JSON", "plain text", "Parquet"
TABLES = {",": "CSV", "\t": "TSV", ";": "CSV with semicolons", "|": "CSV with bars"}
_HEAD_BYTES = 1 << 20
_HEAD_LINES = 100


class Contained(NamedTuple):
    """The container and its rows."""

    name: str
    rows: Iterator[Row | Refusal]


def open_rows(content: Content) -> Contained:
    """The rows of a file, whatever it is packed in."""
    if content.starts_with(MAGIC):
        return Contained(PARQUET, read_parquet(content))
    return read_rows(content.blocks())


def read_rows(blocks: Iterator[bytes]) -> Contained:
    """The rows of a text, in order; nothing raises but what `blocks` raises on its first block, and OSError."""
    head = bytearray()
    cut: CutShort | None = None
    try:
        while len(head) < _HEAD_BYTES and (block := next(blocks, None)) is not None:
            head += block
    except CutShort as reason:
        cut = reason
    start = bytes(head)
    whole = chain((start,), blocks if cut is None else _raising(cut))
    first = start.lstrip()
    if first.startswith(b"[") or (first.startswith(b"{") and not _has_object_lines(start)):
        return Contained(OBJECTS, rows_of_objects(whole))
    if not first or _has_object_lines(start) or _looks_like_json(start):
        return Contained(LINES, rows_of_lines(whole))
    delimiter = find_delimiter(start)
    if delimiter is not None:
        return Contained(TABLES[delimiter], read_table(whole, delimiter))
    if _is_text(start):
        return Contained(TEXT, read_plain_text(whole))
    return Contained(LINES, rows_of_lines(whole))


def _raising(cut: CutShort) -> Iterator[bytes]:
    raise cut
    yield b""


def _has_object_lines(head: bytes) -> bool:
    """Whether there is one object a line: some line that starts with a brace is a whole object with content.

    Inside an array such a line may be the last row, so text that starts with a bracket is never asked.
    """
    return any(line.startswith(b"{") and is_object(line) for line in head.split(b"\n")[:_HEAD_LINES])


def _looks_like_json(head: bytes) -> bool:
    """Whether some line begins as JSON does, or the first one is a value of it."""
    lines = [line.strip() for line in head.split(b"\n")[:_HEAD_LINES] if line.strip()]
    return any(line.startswith((b"{", b"[")) for line in lines) or (bool(lines) and _is_scalar(lines[0]))


def _is_text(head: bytes) -> bool:
    """Whether a person would call this a text; what is none is named line by line."""
    try:
        # The head may end inside a character.
        head[: head.rfind(b"\n") + 1 or None].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in head and any(sign in head for sign in (b" ", b"\n"))


def _is_scalar(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
