"""Files that can't be written, in words for the user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lorastudio.domain.errors import KnownError


@contextmanager
def plain_write_failures(path: Path) -> Iterator[None]:
    """Turns an OSError of the block into a `KnownError` about `path`."""
    try:
        yield
    except OSError as error:
        raise KnownError(
            f"{path} can't be written: {error.strerror or error}.", "Check the folder and the free space."
        ) from error
