"""Folders that are either whole or not there: filled beside, fsynced, renamed."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lorastudio.domain.errors import TrainingError
from lorastudio.domain.files import fsync_folder

MEGABYTE = 1e6
CAUSES = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota of disk space is used up",
    errno.EFBIG: "the system allows no larger files here",
    errno.EROFS: "the disk can't be written",
    errno.EACCES: "there is no permission to write",
}


@contextmanager
def published_folder(final: Path) -> Iterator[Path]:
    """A new folder to fill with `write_synced`, which gets the name `final` when the block ends.

    What had the name before gives way only then. When the block raises nothing is left behind, and `final` is as
    it was; OSError passes through (`write_failure` puts it into words). What a killed process left half done
    beside it is swept away: one process at a time writes there.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    for pattern in ("*.partial-*", "*.outdated-*"):
        for leftover in final.parent.glob(pattern):
            shutil.rmtree(leftover, ignore_errors=True)
    partial = final.with_name(f"{final.name}.partial-{os.getpid()}")
    try:
        partial.mkdir()
        yield partial
        _publish(partial, final)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def write_synced(path: Path, data: bytes) -> None:
    """Write a file inside a folder that is not published yet."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_failure(error: OSError, what: str, folder: Path, kept: str) -> TrainingError:
    """A failed write in words: `what` could not be saved, why, how much is free, and what is `kept`.

    Resumable: with the cause out of the way the same run goes on.
    """
    cause = CAUSES.get(error.errno or 0, str(error.strerror or error))
    free = ""
    with suppress(OSError):
        free = f" ({shutil.disk_usage(folder).free / MEGABYTE:.0f} MB are free)"
    return TrainingError(
        f"{what} could not be saved in {folder}: {cause}{free}. {kept}",
        "Make room, or mend what keeps the folder from being written; then resume the run.",
        resumable=True,
    )


def _publish(partial: Path, final: Path) -> None:
    fsync_folder(partial)
    if final.exists():
        outdated = final.with_name(f"{final.name}.outdated-{os.getpid()}")
        final.rename(outdated)
        partial.rename(final)
        shutil.rmtree(outdated, ignore_errors=True)
    else:
        partial.rename(final)
    with suppress(OSError):
        fsync_folder(final.parent)
