"""Text of others inside a prompt: fenced off, so that it reads as data and can't close its own fence."""

from __future__ import annotations

import hashlib
import re


def fence(name: str, text: str) -> str:
    """`text` between `<name-xxxxxxxx>` and `</name-xxxxxxxx>` on lines of their own.

    The eight hex digits are taken from the text's own hash, so a draft can't hold the tag that closes it
    (it would have to contain its own hash), and the same text always gives the same prompt.
    """
    tag = f"{name}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    return f"<{tag}>\n{text}\n</{tag}>"


def unfence(prompt: str, name: str) -> str | None:
    """The first fenced text called `name` in a prompt, or None when there is none."""
    found = re.search(rf"<({re.escape(name)}-[0-9a-f]{{8}})>\n(.*?)\n</\1>", prompt, re.DOTALL)
    return found.group(2) if found else None
