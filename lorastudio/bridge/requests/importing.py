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


def save_refused(
    library: Library, servers: LocalServers, cancel: CancelToken, paths: Sequence[Path], to: Path
) -> Iterator[Event]:
    """Read the files once more without importing anything, and write the rows that are refused to `to`."""
    from lorastudio.services.data_jobs import import_apart
    from lorastudio.services.import_options import ImportOptions

    options = ImportOptions(dry_run=True, near_duplicates=False, save_refused=to.absolute())
    yield from import_apart(library, paths, options=options, cancel=cancel)
