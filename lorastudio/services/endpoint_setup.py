"""Setting endpoints up: add, test, remove, find. Keys go to the keychain alone."""

from __future__ import annotations

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Endpoint, Role
from lorastudio.domain.errors import KnownError, UsageError
from lorastudio.endpoints.discovery import FoundServer, find_servers
from lorastudio.endpoints.probe import Probe, probe
from lorastudio.endpoints.secrets import Keychain
from lorastudio.endpoints.urls import normalise_url, plain_http_warning
from lorastudio.services.servers import LocalServers
from lorastudio.store import endpoints
from lorastudio.store.library import Library


def add(
    library: Library,
    *,
    name: str,
    role: Role,
    url: str,
    model: str | None = None,
    concurrency: int = 4,
    key: str | None = None,
) -> tuple[Endpoint, list[str]]:
    """Add an endpoint and keep its key; returns it with what the user should know.

    Raises `UsageError` for a bad name or address, `KnownError` when the name is taken or the keychain refuses.
    Nothing is added when the key can't be kept.
    """
    if not name.strip() or ":" in name:
        raise UsageError(f"{name!r} can't be the name of an endpoint.", "Use a short name without a colon.")
    endpoint = Endpoint(name.strip(), role, normalise_url(url), model, concurrency=concurrency)
    warnings: list[str] = []
    with library.transaction():
        added = endpoints.add_endpoint(library, endpoint)
        if key:
            keychain = Keychain()
            if not keychain.lasting:
                raise KnownError(
                    "The key was not kept: this system has no keychain that lasts, and files never hold keys.",
                    "Start one (on Linux a Secret Service such as gnome-keyring), or use a server without a key.",
                )
            keychain.set(added.name, key)
            if warning := plain_http_warning(added.url, has_key=True):
                warnings.append(warning)
    return added, warnings


def test(library: Library, servers: LocalServers, name: str, cancel: CancelToken) -> Probe:
    """Probe an endpoint and keep what was found with its date; of the built-in ones nothing is kept.

    Raises `KnownError` when there is none of that name, or a built-in one can't be started.
    """
    found = probe(servers.client(name), cancel)
    if any(endpoint.name == name for endpoint in endpoints.list_endpoints(library)):
        endpoints.save_probe(library, name, found.as_record())
    return found


def remove(library: Library, name: str) -> None:
    """Forget an endpoint and its key; both stay when the keychain refuses."""
    with library.transaction():
        endpoints.remove_endpoint(library, name)
        Keychain().delete(name)


def find(cancel: CancelToken) -> tuple[FoundServer, ...]:
    """The model servers that answer at the usual places of this machine."""
    return find_servers(cancel=cancel)
