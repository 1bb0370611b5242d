"""A whole copy of an open database, at one moment, as one file."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from lorastudio.domain.errors import LibraryError
from lorastudio.domain.files import fsync_file, fsync_folder


def copy_database(connection: sqlite3.Connection, destination: Path) -> None:
    """Put a verified copy at `destination`, replacing what is there; others may go on writing meanwhile.

    The copy is made beside and renamed, and needs no journal files. Raises `LibraryError` when the copy is
    not sound; sqlite3.Error and OSError pass through. Nothing is left behind then.
    """
    partial = destination.with_name(f"{destination.name}.partial-{os.getpid()}")
    try:
        with closing(sqlite3.connect(partial, isolation_level=None)) as copy:
            # All pages in one step: one read transaction, so the copy is of one moment.
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
            found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise LibraryError(f"The copy {destination} would be damaged: {found}.", "Run `lorastudio doctor`.")
        fsync_file(partial)
        partial.replace(destination)
        fsync_folder(destination.parent)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
