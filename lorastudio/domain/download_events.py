"""What a download of a base model says while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lorastudio.domain.events import Event


@dataclass(frozen=True, slots=True)
class DownloadPlanned(Event):
    """Before the first byte of the weights: `model` is pinned ("owner/name@commit"), `missing_bytes` are what is still
    to be fetched of `size_bytes`, `free_bytes` what the disk that holds `folder` has room for."""

    event: ClassVar[str] = "download_planned"
    model: str
    files: int
    size_bytes: int
    missing_bytes: int
    free_bytes: int
    folder: str


@dataclass(frozen=True, slots=True)
class DownloadProgressed(Event):
    """`done_bytes` of `size_bytes` are here, what was there before among them; `file` is being fetched.

    `bytes_per_s` is of the last seconds and `left_s` follows from it; None until there is something to judge by.
    """

    event: ClassVar[str] = "download_progress"
    model: str
    file: str
    done_bytes: int
    size_bytes: int
    bytes_per_s: float | None
    left_s: float | None


@dataclass(frozen=True, slots=True)
class DownloadDone(Event):
    """All files are in `folder`, whole and verified; `fetched_bytes` came over the network this time."""

    event: ClassVar[str] = "download_done"
    model: str
    folder: str
    fetched_bytes: int
