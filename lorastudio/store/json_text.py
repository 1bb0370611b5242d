"""JSON as the library keeps it in a column."""

from __future__ import annotations

import json
from typing import Any

import orjson

from lorastudio.domain.events import as_json


def to_json(value: Any) -> str:
    """Compact JSON; dataclasses, enums and tuples become plain JSON types."""
    return json.dumps(value, default=as_json, ensure_ascii=False, separators=(",", ":"))


def texts_to_json(value: Any) -> str:
    """`to_json` of lists and dictionaries that hold texts and nothing else, ten times as fast."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # half a character (a lone surrogate)
        return to_json(value)


def from_json(text: str) -> Any:
    return json.loads(text)
