"""Moving what is live: forward with a gate, back without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.events import Event

if TYPE_CHECKING:
    from lorastudio.services.servers import LocalServers
    from lorastudio.store.library import Library


def deploy(
    library: Library, servers: LocalServers, cancel: CancelToken, version: int, force: bool = False, reason: str = ""
) -> Iterator[Event]:
    """Make a version the live one; refused unless the gate found it better, or it is forced with a reason."""
    from lorastudio.services.base_models import base_of
    from lorastudio.services.deployment import deploy_version

    engine = servers.engine(base_of(library, version))
    yield from deploy_version(library, version, engine, force=force, reason=reason, cancel=cancel)


def roll_back(
    library: Library, servers: LocalServers, cancel: CancelToken, version: int | None = None
) -> Iterator[Event]:
    """Make an earlier version (0: the base; None: the one live before) the live one again, proved by a probe."""
    from lorastudio.services.base_models import base_of
    from lorastudio.services.deployment import rollback, rollback_goal

    base = base_of(library, rollback_goal(library, version))
    yield from rollback(library, servers.engine(base), version=version, cancel=cancel)
