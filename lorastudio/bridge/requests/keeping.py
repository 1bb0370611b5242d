"""The library as a whole: pairs and drafts out to files, a copy for safety, its health. Each ends in a report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.events import Event

if TYPE_CHECKING:
    from lorastudio.services.servers import LocalServers
    from lorastudio.store.library import Library


def write_pairs(library: Library, servers: LocalServers, cancel: CancelToken, path: Path) -> Iterator[Event]:
    """The accepted pairs in the seed format; a name ending in .gz is compressed."""
    from lorastudio.domain.library_events import LibraryReport
    from lorastudio.services.exporting import export_dataset

    count = export_dataset(library, path)
    yield LibraryReport(f"{count:,} accepted pairs written", (str(path),))


def write_drafts(library: Library, servers: LocalServers, cancel: CancelToken, folder: Path) -> Iterator[Event]:
    """Every question with all its drafts, a folder each, in a new folder."""
    from lorastudio.domain.library_events import LibraryReport
    from lorastudio.services.exporting import export_drafts

    count = export_drafts(library, folder)
    yield LibraryReport(f"The drafts of {count:,} questions written", (str(folder),))


def copy_library(library: Library, servers: LocalServers, cancel: CancelToken, file: Path) -> Iterator[Event]:
    """The library's database, also while it is in use; the dialog has asked before a file is replaced."""
    from lorastudio.domain.library_events import LibraryReport
    from lorastudio.store.backup import backup

    backup(library.home, file, force=True)
    yield LibraryReport("The library is copied", (str(file), f"{file.stat().st_size:,} bytes"))


def check_library(library: Library, servers: LocalServers, cancel: CancelToken) -> Iterator[Event]:
    """The health of the library and of this machine."""
    from lorastudio.domain.library_events import LibraryReport
    from lorastudio.services.doctor import examine

    report = examine(library.home)
    wrong = [finding for finding in report.findings if not finding.ok]
    lines = [f"{finding.name}: {finding.message} {finding.hint}".strip() for finding in (*wrong, *report.findings)]
    title = f"{len(wrong)} things are wrong" if len(wrong) > 1 else "One thing is wrong" if wrong else "All is well"
    yield LibraryReport(title, tuple(dict.fromkeys(lines)))
