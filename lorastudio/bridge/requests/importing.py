"""Files of pairs into the library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.events import Event

if TYPE_CHECKING:
    from lorastudio.services.servers import LocalServers
    from lorastudio.store.library import Library


def import_pairs(
    library: Library, servers: LocalServers, cancel: CancelToken, paths: Sequence[Path]
) -> Iterator[Event]:
    """Import files and folders, in a child process; the last event is `ImportFinished`, with the report."""
    from lorastudio.services.data_jobs import import_apart

    yield from import_apart(library, paths, cancel=cancel)
