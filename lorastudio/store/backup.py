"""A copy of the library while it is in use."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from lorastudio.domain.errors import KnownError, LibraryError
from lorastudio.store.failures import plain_words
from lorastudio.store.library import BUSY_TIMEOUT_S, LIBRARY_FILE
from lorastudio.store.snapshot import copy_database


def backup(home: Path, file: Path, *, force: bool = False) -> int:
    """Copy the library in `home`, as it is at one moment, to `file`; returns the copy's size in bytes.

    Another process may be writing meanwhile. The copy is checked, and appears whole or not at all; it holds
    no models. KnownError when there is no library, `file` exists (unless `force`), or its folder does not.
    """
    library = home / LIBRARY_FILE
    if not library.exists():
        raise LibraryError(f"There is no library in {home} to back up.")
    if file.is_dir():
        raise KnownError(f"{file} is a folder.", "Name the file that the backup shall become.")
    if file.exists() and file.samefile(library):
        raise KnownError("A library can't be backed up onto itself.", "Choose another file.")
    if file.exists() and not force:
        raise KnownError(f"{file} exists already.", "Choose another file, or add --force to replace it.")
    if not file.parent.is_dir():
        raise KnownError(f"The folder {file.parent} does not exist.", "Make it first, or choose another place.")
    with plain_words(library), closing(sqlite3.connect(library, timeout=BUSY_TIMEOUT_S)) as source:
        try:
            copy_database(source, file)
        except (OSError, sqlite3.OperationalError) as error:
            raise KnownError(
                f"Can't copy the library to {file} ({error}).",
                "Check that there is room, and that you may write there.",
            ) from error
    return file.stat().st_size
