"""The writer's lock: one process at a time writes to a library."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from lorastudio.domain.clock import now
from lorastudio.domain.errors import LibraryBusyError, LibraryError

LOCK_FILE = "library.lock"


class WriterLock:
    """Held from construction to `release`.

    The lock is the kernel's (flock), so it frees itself however its holder dies; the file is never deleted,
    because a deleted lock file can be held twice. Its text, "pid since verb", only serves the message.
    """

    def __init__(self, home: Path, verb: str) -> None:
        """Take the lock of the library in `home`; `LibraryBusyError` names the process that has it."""
        path = home / LOCK_FILE
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise LibraryError(
                f"Can't write to the folder {home} ({error.strerror}).", "Check its owner and rights."
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._write(f"{os.getpid()} {now()} {verb}\n")
        except OSError as error:
            os.close(self._descriptor)
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise _busy(home, path) from None
            raise LibraryError(
                f"Can't lock the library in {home} ({error.strerror}).",
                "A library must lie on a disk that knows file locks and has room left.",
            ) from error

    def release(self) -> None:
        """Let the next writer in."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)

    def _write(self, text: str) -> None:
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode(), 0)


class LentLock:
    """The lock as it is lent to a child: its parent holds it for both of them, and outlives it."""

    def __init__(self, home: Path) -> None:
        """`LibraryBusyError` unless the parent of this process is the one that holds the lock."""
        path = home / LOCK_FILE
        holder = path.read_text(encoding="utf-8", errors="replace").partition(" ")[0] if path.exists() else ""
        if holder != str(os.getppid()):
            raise _busy(home, path)

    def release(self) -> None:
        """Nothing to do: the parent releases it."""


def _busy(home: Path, path: Path) -> LibraryBusyError:
    pid, _, rest = path.read_text(encoding="utf-8", errors="replace").strip().partition(" ")
    since, _, verb = rest.partition(" ")
    details = [f"process {pid}"] if pid else []
    details += [f"busy with “{verb}”"] if verb else []
    details += [f"since {since}"] if since else []
    who = f" ({', '.join(details)})" if details else ""
    return LibraryBusyError(
        f"Another process{who} is writing to the library in {home}.",
        "Wait until it has finished or end it; what only reads the library works meanwhile.",
    )
