"""Files out: pairs in the formats that trainers read, and all drafts as a folder."""

from __future__ import annotations

import gzip
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from lorastudio.datasets import drafts_folder
from lorastudio.datasets.drafts_folder import DraftedQuestion
from lorastudio.datasets.formats.seed import as_seed_line
from lorastudio.datasets.formats.writing import CantHoldError, Writing, writing
from lorastudio.domain.errors import KnownError
from lorastudio.domain.files import atomic_writer, fsync_folder
from lorastudio.domain.pair import Pair, PairState
from lorastudio.domain.pair_filter import EVERY_PAIR, PairFilter
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


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written: `pairs` of them. `left_out` counts those that the format can't hold, by reason; `bad_dropped`
    those of the written ones whose bad answer it has no place for, `not_kept` names what else of a pair it has none
    for."""

    path: str
    format: str
    pairs: int
    left_out: Mapping[str, int]
    bad_dropped: int
    not_kept: tuple[str, ...]


def export_pairs(library: Library, path: Path, format: str = "seed", chosen: PairFilter = EVERY_PAIR) -> ExportReport:
    """Write the pairs that `chosen` means as "seed", "trl", "openai-preference", "alpaca-ranking" or "sft" (as
    conversations, good answers alone).

    Read again they are the same pairs; what would not be is left out and counted. A name ending in `.gz` is
    compressed. UsageError for another format, KnownError when the file can't be written; no part of it is left then.
    """
    how = writing(format)
    left_out: Counter[str] = Counter()
    lines = (line for pair in every_pair(library, chosen=chosen) if (line := _line(how, pair, left_out)) is not None)
    written = write_lines(path, lines)
    bad_dropped = left_out.pop("", 0)
    return ExportReport(str(path), how.name, written, dict(left_out), bad_dropped, how.not_kept)


def _line(how: Writing, pair: Pair, left_out: Counter[str]) -> bytes | None:
    """The pair as a line, or None with the reason counted; a bad answer that is dropped counts under no reason."""
    try:
        line = how.line(pair)
    except CantHoldError as reason:
        left_out[str(reason)] += 1
        return None
    if pair.bad is not None and not how.keeps_bad:
        left_out[""] += 1
    return line


def write_seed_file(path: Path, pairs: Iterable[Pair]) -> int:
    """See `export_dataset`."""
    return write_lines(path, map(as_seed_line, pairs))


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


def write_lines(path: Path, lines: Iterable[bytes]) -> int:
    """Write a file whole or not at all; returns how many lines it has."""
    written = 0
    with plain_write_failures(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_writer(path) as file, _compressed(file, path) as out:
            for line in lines:
                out.write(line)
                written += 1
    return written


@contextmanager
def _compressed(file: BinaryIO, path: Path) -> Iterator[BinaryIO]:
    if path.suffix != ".gz":
        yield file
        return
    # No name and no time inside, so that the same pairs give the same file.
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        yield cast(BinaryIO, packed)
