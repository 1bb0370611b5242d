"""JSON as the library keeps it in a column."""

from __future__ import annotations

import json
from typing import Any

from lorastudio.domain.events import as_json


def to_json(value: Any) -> str:
    """Compact JSON; dataclasses, enums and tuples become plain JSON types."""
    return json.dumps(value, default=as_json, ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> Any:
    return json.loads(text)
