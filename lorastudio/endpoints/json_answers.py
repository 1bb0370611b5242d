"""JSON objects out of what models write when asked for JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

# A model's answer is far shorter; more could only cost time.
MAX_CHARACTERS = 200_000
MAX_STARTS = 500

_LITERALS = {"True": "true", "False": "false", "None": "null"}
_CLOSER = {"{": "}", "[": "]"}
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[{}\[\],]|\s+|[A-Za-z]+|.', re.DOTALL)


def objects(text: str) -> Iterator[Mapping[str, Any]]:
    """Objects that `text` may mean, the likeliest first: the whole strictly read, the last whole object in
    it and those before, and last the text repaired."""
    text = text[-MAX_CHARACTERS:]
    whole = _read(text.strip())
    if whole is not None:
        yield whole
    yield from reversed(_embedded(text))
    repaired = _read(repair(text))
    if repaired is not None:
        yield repaired


def number_lines(text: str, names: Sequence[str]) -> dict[str, float]:
    """Numbers from lines like `name: 3`, for the known `names`; the last line of a name counts."""
    found: dict[str, float] = {}
    for name in names:
        pattern = rf"^\W*{re.escape(name)}\W*[:=]\W*?(-?\d+(?:\.\d+)?)"
        for match in re.finditer(pattern, text[-MAX_CHARACTERS:], re.IGNORECASE | re.MULTILINE):
            found[name] = float(match.group(1))
    return found


def repair(text: str) -> str:
    """`text` from its first brace with the usual faults mended: commas before a closing bracket, Python's
    words for true, false and null, and strings and brackets left open at the end."""
    start = text.find("{")
    if start < 0:
        return ""
    pieces: list[str] = []
    open_brackets: list[str] = []
    for token in _TOKEN.findall(text[start:]):
        if token in ("}", "]"):
            if not open_brackets or _CLOSER[open_brackets.pop()] != token:
                return ""
            _drop_comma(pieces)
        elif token in _CLOSER:
            open_brackets.append(token)
        elif token.startswith('"') and (len(token) == 1 or not _is_closed(token)):
            token = token.removesuffix("\\") + '"'
        pieces.append(_LITERALS.get(token, token))
        if not open_brackets:
            return "".join(pieces)
    _drop_comma(pieces)
    return "".join(pieces) + "".join(_CLOSER[bracket] for bracket in reversed(open_brackets))


def _is_closed(token: str) -> bool:
    """Whether a string token ends in a quote that is not escaped."""
    body = token[1:]
    return body.endswith('"') and (len(body) - len(body[:-1].rstrip("\\")) - 1) % 2 == 0


def _drop_comma(pieces: list[str]) -> None:
    """Remove a comma that stands last but for blanks."""
    last = next((index for index in range(len(pieces) - 1, -1, -1) if not pieces[index].isspace()), None)
    if last is not None and pieces[last] == ",":
        del pieces[last]


def _embedded(text: str) -> list[Mapping[str, Any]]:
    """All whole objects in a text that lie in no other whole object, in order."""
    decoder = json.JSONDecoder(strict=False, parse_constant=_refuse_constant)
    found: list[Mapping[str, Any]] = []
    position = text.find("{")
    for _ in range(MAX_STARTS):
        if position < 0:
            break
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            end = position + 1
        else:
            found.append(value)
        position = text.find("{", end)
    return found


def _read(text: str) -> Mapping[str, Any] | None:
    try:
        value = json.loads(text, strict=False, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
