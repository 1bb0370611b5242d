"""Words of a server made fit to be shown: short, on one line, without the key and without commands to a screen."""

from __future__ import annotations

import re

from lorastudio.domain.printable import printable

SHOWN_CHARACTERS = 300
REDACTED = "[key]"


def redact(text: str, key: str | None) -> str:
    """`text` without any occurrence of `key`."""
    return text.replace(key, REDACTED) if key else text


def shown(text: str, key: str | None) -> str:
    """A server's words as they may stand in an error: key taken out, one line, at most SHOWN_CHARACTERS.

    The key goes first, so that a cut can't leave part of it.
    """
    line = printable(re.sub(r"\s+", " ", redact(text, key)).strip())
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[:SHOWN_CHARACTERS]}…"
