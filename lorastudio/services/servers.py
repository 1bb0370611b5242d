"""The servers that work needs: somebody's over HTTP, or the program's own children, started when first used."""

from __future__ import annotations

import secrets
from types import TracebackType

from lorastudio.domain.endpoint import Endpoint, EndpointKind, Role
from lorastudio.domain.errors import KnownError
from lorastudio.endpoints.client import ChatClient
from lorastudio.endpoints.secrets import Keychain
from lorastudio.processes.critic import Critic
from lorastudio.processes.engine import Engine
from lorastudio.services.base_models import default_base, is_practice, resolve_base
from lorastudio.services.practice_names import CRITIC, WRITER
from lorastudio.store import deployments, versions
from lorastudio.store.endpoints import list_endpoints
from lorastudio.store.library import Library
from lorastudio.training.protocol import PUBLIC_NAME

# The practice critic answers at once; the engine batches what it is given.
OWN_CONCURRENCY = 16


def endpoint_for(library: Library, role: Role) -> Endpoint:
    """The endpoint set up for a role, or the built-in one of the practice world."""
    chosen = list_endpoints(library, role)
    if chosen:
        return chosen[-1]
    if role is Role.WRITER:
        return Endpoint(WRITER, role, model=PUBLIC_NAME, kind=EndpointKind.ENGINE, concurrency=OWN_CONCURRENCY)
    if role is Role.CRITIC and is_practice(default_base(library)):
        return Endpoint(CRITIC, role, model="practice-critic", kind=EndpointKind.PRACTICE, concurrency=OWN_CONCURRENCY)
    raise KnownError(f"No {role.value} is set up.", f"Add one with `lorastudio endpoint add NAME --role {role.value} --url URL`.")
