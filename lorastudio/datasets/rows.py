"""Rows: the objects of a JSON text, each with its line, damage named: one object a line, a JSON array, or objects that
simply follow each other."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from lorastudio.datasets.mojibake import repair
from lorastudio.datasets.pieces import Piece, cut_lines, cut_objects

MAX_DEPTH = 64
_SPACE = re.compile(r"[ \t\r\n]*")
# Every key ends so, and a few texts do: never fewer of them than keys.
_KEY_ENDS = re.compile(rb'"\s*:')
_SURROGATE = re.compile("[\ud800-\udfff]")
# From here on a float may have been a whole number that lost digits.
_WHOLE_FLOATS = 2.0**53

DOUBLE_ENCODED = "double-encoded text"
NUL_SIGNS = "NUL characters"
SPLIT_SIGNS = "characters split into surrogates"


@dataclass(frozen=True, slots=True)
class Row:
    """One object of the file. `repairs` names what had to be mended in its texts; `raw` is what stood in the file,
    where that is known."""

    line: int
    values: dict[str, Any]
    repairs: frozenset[str] = frozenset()
    raw: bytes | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something of the file that can't be used; line 0 means the file as a whole. `raw` is what stands there."""

    line: int
    reason: str
    raw: bytes | None = field(default=None, compare=False, repr=False)


class BadRow(Exception):
    """`str()` says what is wrong with a row."""


def rows_of_lines(blocks: Iterator[bytes]) -> Iterator[Row | Refusal]:
    """The rows of a text with one object a line (or several, one after the other). Raises what `blocks` raises."""
    for piece in cut_lines(blocks):
        yield from _parsed(piece)


def rows_of_objects(blocks: Iterator[bytes]) -> Iterator[Row | Refusal]:
    """The rows of a JSON array, or of objects that follow each other. Raises what `blocks` raises."""
    for piece in cut_objects(blocks):
        yield from _parsed(piece)


def is_object(line: bytes) -> bool:
    """Whether a line begins with a whole object that is not empty."""
    try:
        value, _ = _DECODER.raw_decode(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError, BadRow):
        return False
    return isinstance(value, dict) and bool(value)


def clean_row(line: int, value: Any, raw: bytes | None = None) -> Row:
    """An object as a row, its texts mended. `BadRow` where it is none, is nested too deeply, or can't be mended."""
    if not isinstance(value, dict):
        raise BadRow("is not a JSON object")
    repairs: set[str] = set()
    cleaned = _cleaned(value, repairs, MAX_DEPTH)
    return Row(line, cleaned, frozenset(repairs), raw)


def _parsed(piece: Piece) -> Iterator[Row | Refusal]:
    """The rows of a piece: one, or several objects that share a line."""
    if piece.data is None:
        yield Refusal(piece.line, piece.reason)
        return
    if not piece.reason and (value := _sound(piece.data)) is not None:
        # Neither zeros nor other scripts can hide in plain ASCII without an escape.
        if piece.data.isascii() and b"\\u" not in piece.data:
            yield Row(piece.line, value, raw=piece.data)
        else:
            yield from _cleaned_rows(piece, iter((value,)))
        return
    yield from _cleaned_rows(piece, _values(piece.data))
    if piece.reason:
        yield Refusal(piece.line, piece.reason, piece.data)


def _cleaned_rows(piece: Piece, values: Iterator[Any]) -> Iterator[Row | Refusal]:
    try:
        for value in values:
            yield clean_row(piece.line, value, piece.data)
    except BadRow as bad:
        if not piece.reason:
            yield Refusal(piece.line, str(bad), piece.data)


def _sound(data: bytes) -> dict[str, Any] | None:
    """One object without any damage; None where somebody must look closer."""
    try:
        value = orjson.loads(data)
    except ValueError:
        return None
    if type(value) is not dict:
        return None
    keys = _keys(value, MAX_DEPTH)
    return value if keys is not None and len(_KEY_ENDS.findall(data)) == keys else None


def _keys(value: dict[str, Any] | list[Any], depth: int) -> int | None:
    """How many keys there are in all; None when it is nested too deeply, or a number may have lost digits."""
    inner: Any = value
    keys = 0
    if type(value) is dict:
        keys, inner = len(value), value.values()
    for item in inner:
        kind = type(item)
        if kind is dict or kind is list:
            more = _keys(item, depth - 1) if depth > 1 else None
            if more is None:
                return None
            keys += more
        elif kind is float and not -_WHOLE_FLOATS < item < _WHOLE_FLOATS:
            return None
    return keys


def _values(data: bytes) -> Iterator[Any]:
    text = _decoded(data)
    at = 0
    while at < len(text):
        try:
            value, end = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise BadRow(f"is not valid JSON: {error.msg} (column {error.colno})") from None
        except RecursionError:
            raise BadRow("is nested too deeply") from None
        except ValueError:
            raise BadRow("holds a number that is too long") from None
        yield value
        at = _space_end(text, end)


def _decoded(data: bytes) -> str:
    if not data.strip(b"\0 \t\r\n"):
        raise BadRow("holds nothing but NUL characters")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise BadRow(f"is not UTF-8 text (byte {error.start + 1} of the row)") from None


def _space_end(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _cleaned(value: Any, repairs: set[str], depth: int) -> Any:
    if isinstance(value, str):
        return _clean_text(value, repairs)
    if isinstance(value, (dict, list)) and depth == 0:
        raise BadRow("is nested too deeply")
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
    if _SURROGATE.search(text):
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
        raise BadRow("holds half of a character (a lone surrogate)") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        for key, value in pairs:
            if values[key] != value:
                raise BadRow(f"has the key {key[:80]!r} twice with different values")
    return values


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


# NaN and Infinity are no JSON, but Python writes them: they count as missing.
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_finite, parse_constant=lambda _: None, strict=False)
