"""Addresses of servers: brought into one form, and looked at for where they lead."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from lorastudio.domain.errors import UsageError

VERSION_PATH = "/v1"
_VERSION_SEGMENT = re.compile(r"v\d+[a-z0-9]*$")
_OPERATIONS = ("/chat/completions", "/completions", "/embeddings", "/models", "/messages")
_EXAMPLE = "It should look like http://localhost:1234/v1."


def normalise_url(url: str) -> str:
    """The base address under which `/chat/completions` lies, without a slash at its end.

    A missing scheme becomes http on the loopback and https elsewhere; `/v1` is added unless the path already
    names a version; a pasted operation (`…/chat/completions`) is cut off. UsageError when it is no address,
    or holds a user name, a query or a fragment: those would be stored in the library as they are. The error
    never repeats the address, nor what was wrong in it: either may be part of a password.
    """
    text = url.strip()
    try:
        if "://" not in text:
            text = f"{'http' if is_loopback(f'http://{text}') else 'https'}://{text}"
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UsageError("That is not the address of a server: its host or port can't be read.", _EXAMPLE) from None
    if parts.scheme not in ("http", "https") or not host or re.search(r"\s", text):
        raise UsageError("That is not the address of a server.", _EXAMPLE)
    # A password may hold a slash, and then its rest and the @ stand in the path.
    if "@" in text or parts.query or parts.fragment:
        raise UsageError(
            "The address holds a user name, a query or a fragment.",
            "Give the plain address, and the key apart from it.",
        )
    place = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{place}{f':{port}' if port else ''}{_versioned(parts.path)}"


def origin(url: str) -> str:
    """Scheme, host and port of a normalised address: what a key belongs to."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def is_loopback(url: str) -> bool:
    """Whether the address never leaves this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def plain_http_warning(url: str, *, has_key: bool) -> str | None:
    """What to tell the user when a key for this server would travel readable over a network, else None."""
    base = normalise_url(url)
    if not has_key or base.startswith("https://") or is_loopback(base):
        return None
    return f"The key would travel unencrypted to {urlsplit(base).hostname}: use https, or a server on this machine."


def _versioned(path: str) -> str:
    trimmed = path.rstrip("/")
    for operation in _OPERATIONS:
        if trimmed.endswith(operation):
            trimmed = trimmed.removesuffix(operation)
            break
    versioned = any(_VERSION_SEGMENT.match(segment) for segment in trimmed.split("/"))
    return trimmed if versioned else f"{trimmed}{VERSION_PATH}"
