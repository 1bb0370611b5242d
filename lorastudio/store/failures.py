"""SQLite's errors in the words of the user's world."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lorastudio.domain.errors import BugError, LibraryBusyError, LibraryError, LoraStudioError, UsageError

# SQLite maps the index of its write-ahead log in pieces of this size.
ROOM_BYTES = 32_768

_DAMAGED_HINT = "Run `lorastudio doctor`, and put back your last backup if it confirms the damage."


@contextmanager
def plain_words(path: Path) -> Iterator[None]:
    """Raise SQLite's errors about the file at `path` as `LibraryError`, or as `BugError` when they are ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, path) from error
    except OverflowError as error:
        raise UsageError("A number is too large for the library.", "Check the numbers that were given.") from error
    except UnicodeEncodeError as error:
        raise LibraryError(
            "A text holds half of a character (a lone surrogate) and can't be kept.", "Repair the text's encoding."
        ) from error


def explain(error: sqlite3.Error, path: Path) -> LoraStudioError:
    """The error to raise instead of `error`; unknown ones are faults of ours."""
    # Extended result codes carry the primary one in their low byte.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    where = f"the library {path}"
    if code == sqlite3.SQLITE_IOERR and _is_full(path):
        code = sqlite3.SQLITE_FULL  # said so when not even the index of the write-ahead log finds room
    match code:
        case sqlite3.SQLITE_FULL:
            return LibraryError(
                f"The disk is full: nothing more can be written to {where}.",
                "Free some space and try again; what was finished before is kept.",
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return LibraryBusyError(f"Another process is using {where}.", "Wait a moment and try again.")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return LibraryError(f"No permission to write to {where}.", "Check the owner and rights of its folder.")
        case sqlite3.SQLITE_CANTOPEN:
            return LibraryError(f"Can't open {where}.", "Check that its folder exists and that you may write there.")
        case sqlite3.SQLITE_NOTADB:
            return LibraryError(
                f"The file {path} is no library of this program.", "Move it away, or choose another home."
            )
        case sqlite3.SQLITE_CORRUPT:
            return LibraryError(f"A part of {where} is damaged ({error}).", _DAMAGED_HINT)
        case sqlite3.SQLITE_IOERR:
            return LibraryError(f"The disk failed while reading or writing {where} ({error}).", _DAMAGED_HINT)
    return BugError(f"{type(error).__name__} in {where}: {error}")


def _is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < ROOM_BYTES
    except OSError:
        return False
