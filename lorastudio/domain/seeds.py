"""Seeds that depend on what is asked, never on when or in which order."""

from __future__ import annotations

import hashlib


def derive_seed(*parts: int | str) -> int:
    """A 31-bit seed from its parts; the same parts give the same seed on every machine.

    Parts are separated by NUL, so ("ab", "c") and ("a", "bc") differ.
    """
    text = "\0".join(str(part) for part in parts)
    digest = hashlib.blake2b(text.encode("utf-8"), digest_size=4).digest()
    return int.from_bytes(digest, "big") & 0x7FFF_FFFF
