"""Setting endpoints up: add, edit, test, remove, find. Keys go to the keychain alone."""

from __future__ import annotations

import math
from dataclasses import replace

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.clock import now
from lorastudio.domain.endpoint import Endpoint
from lorastudio.domain.errors import UsageError
from lorastudio.endpoints.discovery import PLACES, FoundServer, Place, find_servers
from lorastudio.endpoints.headers import checked_headers
from lorastudio.endpoints.probe import Probe, probe
from lorastudio.endpoints.retry import RetryPolicy
from lorastudio.endpoints.secrets import Keychain, account_of
from lorastudio.endpoints.urls import normalise_url, origin, plain_http_warning
from lorastudio.services.servers import LocalServers
from lorastudio.services.serving import DEFAULT_PORT
from lorastudio.store import endpoints
from lorastudio.store.library import Library

MOST_AT_ONCE = 256
# Many servers have no embeddings, and some say so by failing.
PROBE_POLICY = RetryPolicy(attempts=2)
LONGEST_TIMEOUT_S = 24 * 3600.0


def add(library: Library, endpoint: Endpoint, key: str | None = None) -> tuple[Endpoint, list[str]]:
    """Add an endpoint and keep its key; returns it with what the user should know.

    Raises `UsageError` for a value that makes no sense, `KnownError` when the name is taken or the keychain refuses.
    Nothing is added when the key can't be kept.
    """
    with library.transaction():
        added = endpoints.add_endpoint(library, replace(_checked(endpoint), key_set_at=now() if key else None))
        return added, _keep_key(added, key)


def edit(
    library: Library, changed: Endpoint, key: str | None = None, *, forget_key: bool = False
) -> tuple[Endpoint, list[str]]:
    """Put other values in place of those of the endpoint called the same; returns it with what to know.

    A key stays with the server that it was given for: another scheme, host or port needs it again. What the last
    test found is forgotten when it may no longer be true. Raises as `add` does, and changes nothing then.
    """
    with library.transaction():
        before = endpoints.get_endpoint(library, changed.name)
        after = replace(_checked(changed), id=before.id, key_set_at=before.key_set_at)
        moved = origin(after.url) != origin(before.url)
        lost = before.key_set_at is not None and (moved or forget_key)
        if key or lost:
            after = replace(after, key_set_at=now() if key else None)
        endpoints.change_endpoint(library, after, keep_probe=_same_server(before, after))
        if lost:
            Keychain().delete(account_of(before))
        warnings = _keep_key(after, key)
    if lost and not key and not forget_key:
        warnings.append(f"The key was for {origin(before.url)} and was forgotten: give the one for the new address.")
    return after, warnings


def test(library: Library, servers: LocalServers, name: str, cancel: CancelToken) -> Probe:
    """Probe an endpoint and keep what was found with its date; of the built-in ones nothing is kept.

    Raises `KnownError` when there is none of that name, or a built-in one can't be started.
    """
    found = probe(servers.client(name), servers.embedder(name, PROBE_POLICY), cancel)
    if any(endpoint.name == name for endpoint in endpoints.list_endpoints(library)):
        endpoints.save_probe(library, name, found.as_record())
    return found


def remove(library: Library, name: str) -> None:
    """Forget an endpoint and its key; both stay when the keychain refuses."""
    with library.transaction():
        endpoint = endpoints.get_endpoint(library, name)
        endpoints.remove_endpoint(library, name)
        if endpoint.key_set_at is not None:
            Keychain().delete(account_of(endpoint))


def find(cancel: CancelToken) -> tuple[FoundServer, ...]:
    """The model servers that answer at the usual places of this machine."""
    return find_servers((*PLACES, Place("LoRA Studio", DEFAULT_PORT)), cancel)


def _keep_key(endpoint: Endpoint, key: str | None) -> list[str]:
    """Keep a new key, if there is one; what its owner should know about it."""
    if not key:
        return []
    keychain = Keychain()
    keychain.set(account_of(endpoint), key)
    warnings = []
    if not keychain.lasting:
        warnings.append(
            "This system has no keychain, and files never hold keys: the key is in memory for this run alone, "
            "and has to be given again in the next one."
        )
    if warning := plain_http_warning(endpoint.url, has_key=True):
        warnings.append(warning)
    return warnings


def _checked(endpoint: Endpoint) -> Endpoint:
    """The endpoint in its one form; UsageError for what makes no sense."""
    name = endpoint.name.strip()
    if not name or ":" in name or not name.isprintable():
        raise UsageError(f"{endpoint.name!r} can't be the name of an endpoint.", "Use a short name without a colon.")
    _require("calls at once", endpoint.concurrency, 1, MOST_AT_ONCE)
    _require("connect timeout in seconds", endpoint.connect_timeout_s, 0.1, LONGEST_TIMEOUT_S)
    _require("idle timeout in seconds", endpoint.idle_timeout_s, 0.1, LONGEST_TIMEOUT_S)
    _require("temperature", endpoint.sampling.temperature, 0, 5)
    _require("top-p", endpoint.sampling.top_p, 0, 1)
    _require("tokens at most", endpoint.sampling.max_tokens, 1, math.inf)
    _require("prompt price", endpoint.prompt_price, 0, math.inf)
    _require("completion price", endpoint.completion_price, 0, math.inf)
    _require("context length", endpoint.context_length, 1, math.inf)
    return replace(endpoint, name=name, url=normalise_url(endpoint.url), headers=checked_headers(endpoint.headers))


def _require(what: str, value: float | None, least: float, most: float) -> None:
    """UsageError when a value is not between its limits; a missing one is fine."""
    if value is not None and not (least <= value <= most and math.isfinite(value)):
        limits = f"at least {least:g}" if math.isinf(most) else f"from {least:g} to {most:g}"
        raise UsageError(f"{value:g} can't be the {what}.", f"It must be {limits}.")


def _same_server(before: Endpoint, after: Endpoint) -> bool:
    """Whether what a test found of one is true of the other."""
    return all(
        getattr(before, name) == getattr(after, name) for name in ("url", "model", "protocol", "headers", "role")
    )
