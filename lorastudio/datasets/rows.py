"""Rows: JSON objects out of a file of any of the accepted containers, each with its line, damage named.

Containers: one object a line, a JSON array, objects that simply follow each other; plain or gzip; UTF-8,
UTF-16 or UTF-32. Which one it is, is read from the content.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from lorastudio.datasets.content import CutShort
from lorastudio.datasets.mojibake import repair
from lorastudio.datasets.pieces import Piece, cut_lines, cut_objects

MAX_DEPTH = 64
_HEAD_BYTES = 1 << 20
_SPACE = re.compile(r"[ \t\r\n]*")

DOUBLE_ENCODED = "double-encoded text"
NUL_SIGNS = "NUL characters"
SPLIT_SIGNS = "characters split into surrogates"


@dataclass(frozen=True, slots=True)
class Row:
    """One object of the file. `repairs` names what had to be mended in its texts."""

    line: int
    values: dict[str, Any]
    repairs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something of the file that can't be used; line 0 means the file as a whole."""

    line: int
    reason: str


class _BadRow(Exception):
    """`str()` says what is wrong with a row."""


def read_rows(blocks: Iterator[bytes]) -> Iterator[Row | Refusal]:
    """Every row of a text, in order; nothing raises but what `blocks` raises on its first block, and OSError."""
    head = bytearray()
    cut: CutShort | None = None
    try:
        while len(head) < _HEAD_BYTES and (block := next(blocks, None)) is not None:
            head += block
    except CutShort as reason:
        cut = reason
    whole = chain((bytes(head),), blocks if cut is None else _raising(cut))
    pieces = cut_lines(whole) if _is_lines(bytes(head)) else cut_objects(whole)
    for piece in pieces:
        yield from _parsed(piece)


def _raising(cut: CutShort) -> Iterator[bytes]:
    raise cut
    yield b""


def _is_lines(head: bytes) -> bool:
    """Whether there is one object a line: some line that starts with a brace is a whole object with content.

    Inside an array such a line may be the last row, so text that starts with a bracket is never taken for lines.
    """
    start = head.lstrip()
    if start.startswith(b"["):
        return False
    if not start.startswith(b"{"):
        return True
    return any(line.startswith(b"{") and _is_object(line) for line in head.split(b"\n")[:100])


def _is_object(line: bytes) -> bool:
    try:
        value, _ = _DECODER.raw_decode(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError, _BadRow):
        return False
    return isinstance(value, dict) and bool(value)


def _parsed(piece: Piece) -> Iterator[Row | Refusal]:
    """The rows of a piece: one, or several objects that share a line."""
    if piece.data is not None:
        try:
            for value in _values(_decoded(piece.data)):
                yield _row(piece.line, value)
        except _BadRow as bad:
            yield Refusal(piece.line, piece.reason or str(bad))
            return
    if piece.reason:
        yield Refusal(piece.line, piece.reason)


def _values(text: str) -> Iterator[Any]:
    at = 0
    while at < len(text):
        try:
            value, end = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise _BadRow(f"is not valid JSON: {error.msg} (column {error.colno})") from None
        except RecursionError:
            raise _BadRow("is nested too deeply") from None
        except ValueError:
            raise _BadRow("holds a number that is too long") from None
        yield value
        at = _space_end(text, end)


def _decoded(data: bytes) -> str:
    if not data.strip(b"\0 \t\r\n"):
        raise _BadRow("holds nothing but NUL characters")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise _BadRow(f"is not UTF-8 text (byte {error.start + 1} of the row)") from None


def _space_end(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _row(line: int, value: Any) -> Row:
    if not isinstance(value, dict):
        raise _BadRow("is not a JSON object")
    repairs: set[str] = set()
    cleaned = _cleaned(value, repairs, MAX_DEPTH)
    return Row(line, cleaned, frozenset(repairs))


def _cleaned(value: Any, repairs: set[str], depth: int) -> Any:
    if isinstance(value, str):
        return _clean_text(value, repairs)
    if isinstance(value, (dict, list)) and depth == 0:
        raise _BadRow("is nested too deeply")
    if isinstance(value, dict):
        return {_clean_text(key, repairs): _cleaned(item, repairs, depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_cleaned(item, repairs, depth - 1) for item in value]
    return value


def _clean_text(text: str, repairs: set[str]) -> str:
    if "\0" in text:
        text = text.replace("\0", "")
        repairs.add(NUL_SIGNS)
    if text.isascii():
        return text
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        text = _joined(text)
        repairs.add(SPLIT_SIGNS)
    mended = repair(text)
    if mended != text:
        repairs.add(DOUBLE_ENCODED)
    return mended


def _joined(text: str) -> str:
    """The text with its pairs of surrogates joined to one character each."""
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise _BadRow("holds half of a character (a lone surrogate)") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        for key, value in pairs:
            if values[key] != value:
                raise _BadRow(f"has the key {key[:80]!r} twice with different values")
    return values


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


# NaN and Infinity are no JSON, but Python writes them: they count as missing.
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_finite, parse_constant=lambda _: None, strict=False)
