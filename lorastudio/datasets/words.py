"""Words of a text, for comparing texts and never for showing them."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """The words in order, in one Unicode form and lower case, without punctuation."""
    plain = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    return _WORD.findall(plain)


def normalised(text: str) -> str:
    """The words with single spaces; a text without any word (only signs) is itself, stripped."""
    return " ".join(words(text)) or text.strip()
