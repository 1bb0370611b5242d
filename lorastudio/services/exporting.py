"""Files out: pairs in the seed format, and all drafts as a folder."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from lorastudio.datasets import drafts_folder
from lorastudio.datasets.drafts_folder import DraftedQuestion
from lorastudio.datasets.formats.seed import as_seed_line
from lorastudio.domain.errors import KnownError
from lorastudio.domain.files import atomic_writer, fsync_folder
from lorastudio.domain.pair import Pair, PairState
from lorastudio.services.arrivals import every_pair
from lorastudio.services.write_failures import plain_write_failures
from lorastudio.store.critiques import get_critique
from lorastudio.store.cycles import list_cycles
from lorastudio.store.drafts import list_drafts
from lorastudio.store.library import Library
from lorastudio.store.questions import list_questions


def export_dataset(
    library: Library, path: Path, cycle: int | None = None, state: PairState = PairState.ACCEPTED
) -> int:
    """Write the pairs of one state (and cycle) to `path` in the seed format; returns how many.

    A name ending in `.gz` is compressed. The same pairs always give the same bytes; missing folders are made.
    KnownError when the file can't be written; no part of it is left behind then.
    """
    return write_seed_file(path, every_pair(library, state=state, cycle_id=cycle))


def write_seed_file(path: Path, pairs: Iterable[Pair]) -> int:
    """See `export_dataset`."""
    written = 0
    with plain_write_failures(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_writer(path) as file, _compressed(file, path) as out:
            for pair in pairs:
                out.write(as_seed_line(pair))
                written += 1
    return written


def export_drafts(library: Library, folder: Path) -> int:
    """Write every question that has drafts, with all of them, into the new folder `folder`; returns how many.

    KnownError when `folder` holds anything already, or can't be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise KnownError(f"{folder} is there already and not an empty folder.", "Choose a new folder.")
    beside = folder.with_name(f"{folder.name}.partial-{os.getpid()}")
    with plain_write_failures(folder):
        beside.mkdir(parents=True)
        try:
            drafts_folder.write_marker(beside)
            written = 0
            for drafted in _drafted_questions(library):
                drafts_folder.write_question(beside, drafted)
                written += 1
            beside.replace(folder)
            fsync_folder(folder.parent)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return written


def _drafted_questions(library: Library) -> Iterator[DraftedQuestion]:
    for cycle in list_cycles(library):
        for question in list_questions(library, cycle.id):
            if drafts := list_drafts(library, question.id):
                found = ((draft.id, get_critique(library, draft.id)) for draft in drafts)
                critiques = {draft_id: critique for draft_id, critique in found if critique is not None}
                yield DraftedQuestion(question, tuple(drafts), critiques)


@contextmanager
def _compressed(file: BinaryIO, path: Path) -> Iterator[BinaryIO]:
    if path.suffix != ".gz":
        yield file
        return
    # No name and no time inside, so that the same pairs give the same file.
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        yield cast(BinaryIO, packed)
