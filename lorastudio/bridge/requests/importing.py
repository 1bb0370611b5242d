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
    """Import files and folders; the last event is `ImportFinished`, with the report."""
    from lorastudio.services.importing import import_files

    yield from import_files(library, paths, cancel=cancel)
