"""Importing: pairs out of files, all of them or none.

The rows are staged in short transactions that nobody sees; one last transaction makes them exist. A crash, an
error or a cancel in between leaves the library as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import ClassVar

from lorastudio.datasets import drafts_folder
from lorastudio.datasets.extraction import extract_pairs
from lorastudio.datasets.formats.recognition import UNKNOWN
from lorastudio.datasets.imported import as_new_pair
from lorastudio.datasets.lint import Finding
from lorastudio.datasets.reading import ExampleFile, ReadExample
from lorastudio.datasets.rows import Refusal
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import ImportFileError, KnownError
from lorastudio.domain.events import Event, Progressed, as_json
from lorastudio.domain.pair import Decider, NewPair, Origin, PairState
from lorastudio.services.arrivals import Arrivals, gate_texts
from lorastudio.store import imports
from lorastudio.store.gate_questions import text_key
from lorastudio.store.library import Library

# So many rows are staged in well under 100 ms, so that drafts go on being saved meanwhile.
BATCH_ROWS = 200
MOST_REFUSALS = 10_000
SURE = 0.9


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file: `rows_read` are those imported, the duplicates, and the refused ones.

    A refusal with line 0 is about the file as a whole, or about a part of a folder. `repaired` counts rows
    with a text that had to be mended.
    """

    path: str
    format: str
    rows_read: int
    imported: int
    repaired: int
    refused: tuple[Refusal, ...]
    duplicates: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of all files of one import."""

    files: tuple[FileReport, ...]
    pairs_added: int


@dataclass(frozen=True, slots=True)
class ImportFinished(Event):
    """The import is over; nothing may have come in, which the report says too."""

    event: ClassVar[str] = "import_done"
    report: ImportReport


@dataclass(frozen=True, slots=True)
class _Arrival:
    line: int
    pair: NewPair
    repairs: frozenset[str] = frozenset()


def import_files(
    library: Library, paths: Sequence[Path], *, accept: bool = False, cancel: CancelToken
) -> Iterator[Event]:
    """Import files, folders of files and folders of drafts; the last event is `ImportFinished`.

    Pairs wait for review, or with `accept` are accepted as the person's bulk decision. Rows that ask a gate
    question are refused. Each file is an undo step of its own.
    """
    arrivals = Arrivals(library)
    aside = gate_texts(library)
    decision = (PairState.ACCEPTED, Decider.BULK) if accept else (PairState.PENDING, Decider.NOBODY)
    files: list[_FileImport] = []
    done = False
    try:
        for path in _sources(paths):
            files.append(_FileImport(library, path, arrivals, aside, *decision))
            yield from files[-1].stage(cancel)
        cancel.check()
        with library.transaction():
            for file in files:
                file.commit()
        done = True
    finally:
        # Where the library was closed first, the next start sweeps what was staged.
        if not done and library.writable:
            for file in files:
                file.drop()
    reports = tuple(file.report() for file in files)
    yield ImportFinished(ImportReport(reports, sum(report.imported for report in reports)))


class _FileImport:
    """The staging of one file."""

    def __init__(
        self,
        library: Library,
        path: Path,
        arrivals: Arrivals,
        aside: frozenset[str],
        state: PairState,
        decider: Decider,
    ) -> None:
        self._library = library
        self._path = path
        self._arrivals = arrivals
        self._aside = aside
        self._state = state
        self._decider = decider
        self._import_id: int | None = None
        self._format = UNKNOWN
        self._refused: list[Refusal] = []
        self._counts: Counter[str] = Counter()
        self._repairs: Counter[str] = Counter()
        self._findings: Counter[str] = Counter()
        self._warnings: list[str] = []

    def stage(self, cancel: CancelToken) -> Iterator[Event]:
        """Read everything and stage it. `ImportFileError` when the disk fails on the way."""
        if drafts_folder.is_drafts_folder(self._path):
            self._format = drafts_folder.FORMAT
            for _ in self._stage_all(self._read_drafts(), cancel):
                yield Progressed(f"pairs of {self._path.name}", self._counts["read"], self._counts["read"])
            return
        if self._path.is_dir():
            self._stage_batch([Refusal(0, "the folder holds no files")])
            return
        try:
            file = ExampleFile(self._path)
        except OSError as error:
            self._stage_batch([Refusal(0, f"the file can't be opened: {error.strerror or error}")])
            return
        with file:
            self._format = file.format
            if file.format != UNKNOWN and file.sure < SURE:
                self._warnings.append(f"Only {file.sure:.0%} of the first rows are in the format {file.format}.")
            for _ in self._stage_all(map(_arrived, file.items()), cancel):
                yield Progressed(f"bytes of {self._path.name}", file.bytes_read, file.size_bytes)
        if not self._counts["read"]:
            self._stage_batch([Refusal(0, "the file holds no rows")])

    def commit(self) -> None:
        """Make the staged pairs exist; inside the import's last transaction."""
        if self._import_id is None:
            return
        if self._counts["imported"]:
            record = as_json(self.report())
            imports.commit_import(
                self._library, self._import_id, state=self._state, decider=self._decider, report=record
            )
        else:
            self.drop()

    def drop(self) -> None:
        """Give the staged pairs up."""
        if self._import_id is not None:
            imports.drop_import(self._library, self._import_id)
            self._import_id = None

    def report(self) -> FileReport:
        return FileReport(
            path=str(self._path),
            format=self._format,
            rows_read=self._counts["read"],
            imported=self._counts["imported"],
            repaired=self._counts["repaired"],
            refused=tuple(self._refused),
            duplicates=self._counts["duplicates"],
            warnings=(*self._warnings, *self._notes()),
        )

    def _stage_all(self, items: Iterator[_Arrival | Refusal], cancel: CancelToken) -> Iterator[None]:
        """Stage batch after batch, and stop after each."""
        while True:
            cancel.check()
            try:
                batch = list(islice(items, BATCH_ROWS))
            except OSError as error:
                raise ImportFileError(
                    f"{self._path} can't be read on: {error.strerror or error}.", "Nothing was imported."
                ) from error
            if not batch:
                return
            self._stage_batch(batch)
            yield

    def _stage_batch(self, items: Iterable[_Arrival | Refusal]) -> None:
        pairs = []
        for item in items:
            self._counts["read"] += 1
            if isinstance(item, Refusal):
                self._refuse(item)
            elif text_key(item.pair.prompt[-1].content) in self._aside:
                self._refuse(Refusal(item.line, "asks a gate question, and these are never trained on"))
            else:
                pairs.append(item.pair)
                self._repairs.update(item.repairs)
                self._counts["repaired"] += bool(item.repairs)
        if pairs:
            self._add(self._arrivals.place(pairs))

    def _add(self, placed: list[NewPair]) -> None:
        with self._library.transaction():
            if self._import_id is None:
                self._import_id = imports.begin_import(
                    self._library, self._path, self._format, state=self._state, decider=self._decider
                )
            self._arrivals.assign(placed)
            added = imports.stage_pairs(self._library, self._import_id, placed)
        self._counts["imported"] += len(added.ids)
        self._counts["duplicates"] += added.duplicates
        self._findings.update(finding for pair in placed for finding in pair.lint)

    def _refuse(self, refusal: Refusal) -> None:
        self._counts["refused"] += 1
        if len(self._refused) < MOST_REFUSALS:
            self._refused.append(refusal)

    def _read_drafts(self) -> Iterator[_Arrival | Refusal]:
        """The pairs that the drafts of a folder give, with no lineage: these drafts are not in this library."""
        for item in drafts_folder.read_drafts_folder(self._path):
            if isinstance(item, Refusal):
                yield item
                continue
            try:
                pairs = extract_pairs(item.question, item.drafts, item.critiques)
            except KnownError as error:
                yield Refusal(0, f"question {item.question.text[:80]!r}: {error}")
                continue
            self._counts["without a pair"] += not pairs
            yield from (_Arrival(0, _without_lineage(pair)) for pair in pairs)

    def _notes(self) -> Iterator[str]:
        for name, count in sorted(self._repairs.items()):
            yield f"Rows with {name}, mended: {count}."
        if count := self._counts["refused"] - len(self._refused):
            yield f"Refused rows that are not listed: {count}."
        if count := self._findings[Finding.HELDOUT_CLASH]:
            yield f"Pairs near held-out text, kept out of training: {count}."
        # An exact duplicate is near itself, and counted already.
        if (count := self._findings[Finding.NEAR_DUPLICATE] - self._counts["duplicates"]) > 0:
            yield f"Near-duplicates of other pairs: {count}."
        if count := self._counts["without a pair"]:
            yield f"Questions without a pair, since no two of their drafts differ enough: {count}."


def _arrived(item: ReadExample | Refusal) -> _Arrival | Refusal:
    return item if isinstance(item, Refusal) else _Arrival(item.line, as_new_pair(item.example), item.repairs)


def _without_lineage(pair: NewPair) -> NewPair:
    return replace(pair, origin=Origin.IMPORTED, cycle_id=None, question_id=None, good_draft_id=None, bad_draft_id=None)


def _sources(paths: Iterable[Path]) -> Iterator[Path]:
    """Files and folders of drafts; any other folder stands for all files in it that are not hidden."""
    for path in paths:
        if not path.is_dir() or drafts_folder.is_drafts_folder(path):
            yield path
            continue
        inside = [file for file in sorted(path.rglob("*")) if file.is_file()]
        shown = [file for file in inside if not any(part.startswith(".") for part in file.relative_to(path).parts)]
        yield from shown or [path]
