"""What a person chose, by name; values are JSON."""

from __future__ import annotations

from typing import Any

from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library


def get_setting(library: Library, key: str, default: Any = None) -> Any:
    """The value of `key`, or `default` where nothing was chosen."""
    text = library.value("SELECT value FROM settings WHERE key = ?", (key,))
    return default if text is None else from_json(text)


def set_setting(library: Library, key: str, value: Any) -> None:
    """Choose `value`, which must be JSON-able, for `key`."""
    library.execute("INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)", (key, to_json(value)))
