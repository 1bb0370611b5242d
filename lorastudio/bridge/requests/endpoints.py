"""Endpoints: what is set up, adding, changing and removing, and testing and finding servers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.changes import Changes
from lorastudio.domain.endpoint import Endpoint, EndpointKind, Role
from lorastudio.domain.errors import KnownError
from lorastudio.domain.events import Event

if TYPE_CHECKING:
    from lorastudio.endpoints.discovery import FoundServer
    from lorastudio.services.servers import LocalServers
    from lorastudio.store.library import Library


@dataclass(frozen=True, slots=True)
class KnownEndpoint:
    """An endpoint, and what its last test found (None: never tested). Built-in ones are never kept tested."""

    endpoint: Endpoint
    probe: dict[str, Any] | None = None

    @property
    def is_built_in(self) -> bool:
        return self.endpoint.kind is not EndpointKind.HTTP


@dataclass(frozen=True, slots=True)
class SetUp:
    """What is set up. `of_role` has all endpoints of each role, the one in use last; where nobody added any it has
    the built-in one, if there is one. `base` and `live` are what the program's own engine serves."""

    of_role: dict[Role, tuple[KnownEndpoint, ...]]
    base: str
    live: int | None
    keys_place: str
    keys_last: bool


@dataclass(frozen=True, slots=True)
class TypedEndpoint:
    """What a person typed; an empty key is none, or the one that is kept already. `is_new`: nobody has the name yet."""

    endpoint: Endpoint
    key: str = ""
    forget_key: bool = False
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class EndpointKept(Changes):
    """The endpoint is there as it was typed; `warnings` are what its owner should know."""

    name: str = ""
    is_new: bool = True
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EndpointTested(Event):
    """`probe` is the record of an `endpoints.probe.Probe`."""

    event: ClassVar[str] = "endpoint_tested"
    name: str
    probe: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ServersFound(Event):
    event: ClassVar[str] = "servers_found"
    servers: tuple[FoundServer, ...]


def read_set_up(library: Library) -> SetUp:
    """What is set up now."""
    from lorastudio.endpoints.secrets import Keychain
    from lorastudio.services.base_models import default_base
    from lorastudio.store.deployments import live_version

    keychain = Keychain()
    return SetUp(
        of_role={role: _of_role(library, role) for role in Role},
        base=default_base(library),
        live=live_version(library),
        keys_place=keychain.place,
        keys_last=keychain.lasting,
    )


def keep_endpoint(library: Library, typed: TypedEndpoint) -> EndpointKept:
    """Add an endpoint, or change the one of its name; its key goes to the keychain alone.

    Raises what `endpoint_setup.add` and `edit` raise.
    """
    from lorastudio.services import endpoint_setup

    key = typed.key.strip() or None
    if typed.is_new:
        kept, warnings = endpoint_setup.add(library, typed.endpoint, key)
    else:
        kept, warnings = endpoint_setup.edit(library, typed.endpoint, key, forget_key=typed.forget_key)
    ids = () if kept.id is None else (kept.id,)
    return EndpointKept(endpoints=ids, name=kept.name, is_new=typed.is_new, warnings=tuple(warnings))


def remove_endpoint(library: Library, name: str) -> Changes:
    """Forget an endpoint and its key; what it wrote stays."""
    from lorastudio.services import endpoint_setup
    from lorastudio.store.endpoints import get_endpoint

    endpoint_id = get_endpoint(library, name).id
    endpoint_setup.remove(library, name)
    return Changes(endpoints=() if endpoint_id is None else (endpoint_id,))


def test_endpoint(library: Library, servers: LocalServers, cancel: CancelToken, name: str) -> Iterator[Event]:
    """Ask the server a few small things and keep what was found; a built-in one is started if need be."""
    from lorastudio.services import endpoint_setup

    yield EndpointTested(name, endpoint_setup.test(library, servers, name, cancel).as_record())


def find_servers(library: Library, servers: LocalServers, cancel: CancelToken) -> Iterator[Event]:
    """Look at the usual places of this machine."""
    from lorastudio.services import endpoint_setup

    yield ServersFound(endpoint_setup.find(cancel))


def _of_role(library: Library, role: Role) -> tuple[KnownEndpoint, ...]:
    from lorastudio.services.servers import endpoint_for
    from lorastudio.store.endpoints import get_probe, list_endpoints

    if added := list_endpoints(library, role):
        return tuple(KnownEndpoint(endpoint, get_probe(library, endpoint.name)) for endpoint in added)
    try:
        return (KnownEndpoint(endpoint_for(library, role)),)
    except KnownError:
        return ()
