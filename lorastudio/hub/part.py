"""The beginning of a file while it is fetched: kept over kills, continued, and checked when it is whole."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import KnownError
from lorastudio.domain.files import fsync_folder
from lorastudio.domain.sizes import size_in_words
from lorastudio.hub.listing import HubFile

_BLOCK_BYTES = 1 << 20


class PartFile:
    """What is there of `file` in `path`, held by one process at a time. Use as a context manager.

    Content is hashed as it comes; what an earlier process left is hashed when it is opened. Raises `KnownError`
    when another process is at it or the disk is full.
    """

    def __init__(self, path: Path, file: HubFile, cancel: CancelToken) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.size_bytes = 0
        self._path = path
        self._wanted = file
        self._content: BinaryIO = path.open("a+b")
        try:
            self._hold()
            self._take_over(cancel)
        except BaseException:
            self._content.close()
            raise
        self.resumed = self.size_bytes > 0

    def append(self, piece: bytes) -> None:
        """Add what comes next."""
        try:
            self._content.write(piece)
            self._content.flush()
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            raise KnownError(
                f"The disk takes no more: {size_in_words(self.size_bytes)} of {self._wanted.name} are there, in "
                f"{self._path.parent}.",
                "Free some space and download again; it goes on from there.",
            ) from error
        self._hash.update(piece)
        self.size_bytes += len(piece)

    def restart(self) -> None:
        """Throw away what is there."""
        self._content.truncate(0)
        self._hash = _hash_for(self._wanted)
        self.size_bytes, self.resumed = 0, False

    def is_right(self) -> bool:
        """Whether the content is the one that the hub told of."""
        return self.size_bytes == self._wanted.size_bytes and self._hash.hexdigest() == self._wanted.digest

    def finish(self, blob: Path) -> None:
        """Give the whole file its name."""
        os.fsync(self._content.fileno())
        self._path.replace(blob)
        fsync_folder(blob.parent)

    def __enter__(self) -> PartFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._content.close()

    def _hold(self) -> None:
        try:
            fcntl.flock(self._content, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise KnownError(
                f"Another process is downloading {self._wanted.name} at this moment.", "Wait for its end, or stop it."
            ) from error

    def _take_over(self, cancel: CancelToken) -> None:
        self._hash = _hash_for(self._wanted)
        self._content.seek(0)
        while block := self._content.read(_BLOCK_BYTES):
            cancel.check()
            self._hash.update(block)
            self.size_bytes += len(block)
        if self.size_bytes > self._wanted.size_bytes:
            self.restart()


def _hash_for(file: HubFile) -> hashlib._Hash:
    if file.algorithm == "sha256":
        return hashlib.sha256()
    return hashlib.sha1(f"blob {file.size_bytes}\0".encode(), usedforsecurity=False)
