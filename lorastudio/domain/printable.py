"""Text of others made safe to show: no character in it can command a terminal or turn the reading order."""

from __future__ import annotations

import re

# Controls of C0 (but tab and new line) and C1, which start escape sequences, and the marks that reorder text.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """`text` with CRLF as LF, and U+FFFD in place of each character that commands instead of being shown."""
    return _COMMANDS.sub("\ufffd", text.replace("\r\n", "\n"))
