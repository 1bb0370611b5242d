"""Extra headers of an endpoint: what may be sent beside our own, and what must be a key instead."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lorastudio.domain.errors import UsageError

MOST_HEADERS = 20
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2: token
_VALUE = re.compile(r"[ -~]{1,1000}")
_SECRET_NAME = re.compile(
    r"(^|[-_])(api-?key|key|token|secret|passw(or)?d|auth|authentication|authorization|cookie|credentials?|session)($|[-_])",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"^(bearer|basic|digest|token)\s|\b(sk|pk|hf|gsk|xai|ghp|glpat)[-_][A-Za-z0-9_-]{8,}", re.IGNORECASE
)
# What the client itself says about each request.
_OWN = frozenset(
    [
        "accept",
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)


def checked_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The headers, trimmed, if they may be stored and sent.

    UsageError for a name or value that HTTP can't carry, for one that the client sets itself, for a name given
    twice, and for what looks like a secret: headers are kept in the library, where no secret may be. The error
    never repeats a value.
    """
    kept: dict[str, tuple[str, str]] = {}
    for name, value in ((name.strip(), value.strip()) for name, value in headers):
        if not _NAME.fullmatch(name):
            raise UsageError(
                "A header's name holds signs that HTTP can't carry.", "Write it like X-Title: LoRA Studio."
            )
        if _SECRET_NAME.search(name) or _SECRET_VALUE.search(value):
            raise UsageError(
                f"The header {name} carries a secret, and headers are kept in the library.",
                "Give the key itself (--key-stdin): it goes to the keychain and is sent in the right header.",
            )
        if name.lower() in _OWN:
            raise UsageError(f"The header {name} is set by the program itself.", "Leave it out.")
        if not _VALUE.fullmatch(value):
            raise UsageError(f"The value of the header {name} is empty, too long or holds signs other than plain ones.")
        if name.lower() in kept:
            raise UsageError(f"The header {name} is given twice.")
        kept[name.lower()] = (name, value)
    if len(kept) > MOST_HEADERS:
        raise UsageError(f"An endpoint can have {MOST_HEADERS} headers at most.")
    return tuple(kept.values())
