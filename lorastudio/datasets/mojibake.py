"""Repairs double-encoded UTF-8: "Ã©" was "é", written as UTF-8 and read as Windows-1252.

A text is changed only when the change can be undone exactly (the repaired text, encoded wrongly in the same
way, is the text that came in) and when it surely improves: real Portuguese or French holds sequences that
look damaged ("AMANHÃ…", "marché »"), and those are left alone.
"""

from __future__ import annotations

import re

_DEEPEST = 3
# What the bytes 0x80 to 0xFF look like when read as Windows-1252 (its five holes as Latin-1 has them).
_SHOWN = {byte: bytes((byte,)).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0x100)}
_BYTE = {chr(byte): byte for byte in range(0x80, 0x100)} | {shown: byte for byte, shown in _SHOWN.items()}


def _looks(first: int, last: int) -> str:
    """A character class of everything that a byte between `first` and `last` may have become."""
    return "[" + "".join(re.escape(shown) for shown, byte in _BYTE.items() if first <= byte <= last) + "]"


_NEXT = _looks(0x80, 0xBF)
# One damaged character that real text does not hold: accents of Western Europe (after C2, C3), typographic signs
# and symbols (after E2, EF), emoji (after F0). A word in capitals before a quote is real text ("MANHÃ”").
_CAPITALS_BEFORE_SIGN = r"(?<=[A-ZÀ-Þ])Ã[…‘’“”•–—›»\xa0ªº]"
_SURE = (
    f"(?!{_CAPITALS_BEFORE_SIGN})"
    f"(?:[ÂÃ]{_NEXT}|â{_looks(0x80, 0xAF)}{_NEXT}|ï[¸»¼½]{_NEXT}|ð{_looks(0x90, 0x9F)}{_NEXT}{_NEXT})"
)
# A damaged character of another script may be real text when it stands alone ("é »"), but hardly twice in a row.
_ANY = f"(?:{_looks(0xC2, 0xDF)}{_NEXT}|{_looks(0xE0, 0xEF)}{_NEXT}{_NEXT}|{_looks(0xF0, 0xF4)}{_NEXT}{_NEXT}{_NEXT})"
_CONTROL_SIGNS = re.compile(r"[\x80-\x9f]")
# No damaged character without these two signs: what lacks them is looked at no closer.
_PLAIN = re.compile(f"{_looks(0xC2, 0xF4)}{_NEXT}")
_EVIDENCE = re.compile(f"(?:{_SURE})+|(?:{_ANY}){{2,}}")


def repair(text: str) -> str:
    """The text with its double encoding taken back (up to three times over), or the same text."""
    best = step = text
    for _ in range(_DEEPEST):
        mended = _repair_once(step)
        if mended == step:
            break
        step = mended
        if not _CONTROL_SIGNS.search(step):
            best = step
    return best


def _repair_once(text: str) -> str:
    if text.isascii() or not _PLAIN.search(text) or not _EVIDENCE.search(text):
        return text
    whole = _undo(text)
    if whole is not None:
        return whole
    # Damaged and sound text side by side: only the parts that are surely damaged.
    return _EVIDENCE.sub(lambda found: _undo(found.group()) or found.group(), text)


def _undo(text: str) -> str | None:
    """The text whose UTF-8 bytes, read as Windows-1252, look like `text`; None when there is none."""
    try:
        return bytes(ord(sign) if ord(sign) < 0x80 else _BYTE[sign] for sign in text).decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        return None
