"""Opening the library for work: whatever a crash left is mended before anything else happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lorastudio.services.deployment import mend_deployments
from lorastudio.store.library import Library
from lorastudio.store.recovery import recover


@contextmanager
def open_for_work(home: Path, verb: str) -> Iterator[tuple[Library, list[str]]]:
    """The library for writing, and a line for each thing that had to be mended.

    Raises `LibraryBusyError` when another process is writing.
    """
    with Library.open(home, write=True, verb=verb) as library:
        mended = recover(library).lines()
        mended += mend_deployments(library)
        yield library, mended
