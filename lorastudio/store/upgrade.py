"""Brings a library to the version of this program."""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database

from lorastudio.domain.errors import BugError, LibraryError, LibraryTooNewError
from lorastudio.store.migrations import MIGRATIONS
from lorastudio.store.snapshot import copy_database

LATEST = len(MIGRATIONS)

# Of a database file's header: how it begins, and the four bytes of user_version, big-endian.
_MAGIC = b"SQLite format 3\0"
_USER_VERSION = slice(60, 64)


def version_of(db: Database) -> int:
    """How many migrations the library has seen; 0 for a new file."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(path: Path) -> None:
    """Raise `LibraryTooNewError` for the file of a newer program, without opening it as a database.

    Looks at the header alone, so that not even a journal appears beside the file. For a version that still is
    in the journal only there is `refuse_newer_version`. `LibraryError` when the file can't be read.
    """
    if not path.exists():
        return
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise LibraryError(f"Can't read {path} ({error.strerror}).", "Check its owner and rights.") from error
    if header.startswith(_MAGIC):
        refuse_newer_version(int.from_bytes(header[_USER_VERSION], "big"), path)


def refuse_newer_version(version: int, path: Path) -> None:
    """Raise `LibraryTooNewError` when this program does not know a library of `version`."""
    if version > LATEST:
        raise LibraryTooNewError(
            f"The library {path} was written by a newer version of LoRA Studio (its format is {version}, "
            f"this program knows {LATEST}).",
            "Update the program, or choose another home; the file was not touched.",
        )


def upgrade(db: Database, path: Path | None) -> None:
    """Apply the missing migrations, each in one transaction with its number.

    An existing library at `path` is first copied to `library.db.before-<number>` beside it. None: in memory.
    """
    version = version_of(db)
    if path is not None and 0 < version < LATEST:
        copy_database(db.conn, path.with_name(f"{path.name}.before-{version + 1}"))
    for number in range(version + 1, LATEST + 1):
        _apply(db, number)


def _apply(db: Database, number: int) -> None:
    # A migration may rebuild a table that others refer to: references are checked once, at its end.
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("BEGIN IMMEDIATE")
    try:
        MIGRATIONS[number - 1](db)
        if broken := db.execute("PRAGMA foreign_key_check").fetchall():
            raise BugError(f"Migration {number} leaves {len(broken)} broken references.")
        db.execute(f"PRAGMA user_version = {number}")
        db.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise
    finally:
        db.execute("PRAGMA foreign_keys = ON")
