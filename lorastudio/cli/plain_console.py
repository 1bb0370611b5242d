"""A console that shows text as it is: words of servers, models and files can't colour, move or clear anything."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.text import Text

from lorastudio.domain.printable import printable

# Characters that JSON lets stand as they are and that a terminal obeys, as JSON's own escapes.
_ESCAPES = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


class PlainConsole(Console):
    """Reads no markup, no emoji codes and no escape sequences in any text, cells of tables among them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(text), **options)


def json_line(record: Any) -> str:
    """A record as one line of JSON that is the same to a reader and commands no terminal."""
    return json.dumps(record, ensure_ascii=False).translate(_ESCAPES) + "\n"
