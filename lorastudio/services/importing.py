"""Importing: pairs out of files, all of them or none.

The rows are staged in short transactions that nobody sees; one last transaction makes them exist. A crash, an
error or a cancel in between leaves the library as it was.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from lorastudio.datasets import drafts_folder, loose_drafts
from lorastudio.datasets.choice import Choice, parse_choice
from lorastudio.datasets.drafts_folder import DraftedQuestion
from lorastudio.datasets.extraction import extract_pairs
from lorastudio.datasets.formats.recognition import UNKNOWN
from lorastudio.datasets.imported import as_new_pair
from lorastudio.datasets.reading import ExampleFile, ReadExample
from lorastudio.datasets.rows import Refusal
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import ImportFileError, KnownError
from lorastudio.domain.events import Event, Progressed
from lorastudio.domain.pair import Decider, NewPair, Origin, PairState
from lorastudio.services.arrivals import Arrivals, gate_texts
from lorastudio.services.beside import beside
from lorastudio.services.import_options import ImportOptions
from lorastudio.services.import_report import FileReport, ImportFinished, ImportReport
from lorastudio.services.import_tally import ImportTally
from lorastudio.services.intake import Added, DryIntake, Intake, Placing, StagedIntake
from lorastudio.services.plain_arrivals import PlainArrivals
from lorastudio.services.refused_rows import RefusedRows, refused_rows
from lorastudio.store.gate_questions import text_key
from lorastudio.store.library import Library
from lorastudio.store.pairs import count_pairs

__all__ = ["FileReport", "ImportFinished", "ImportOptions", "ImportReport", "import_files"]

# A batch is one transaction, which drafts that are being saved wait for: it grows and shrinks towards this time.
BATCH_S = 0.075
FIRST_ROWS, LEAST_ROWS, MOST_ROWS = 200, 25, 2000
SURE = 0.9
# What is compared is held in memory: about six times the text.
MOST_COMPARED_BYTES = 50_000_000
MOST_COMPARED_PAIRS = 50_000
NOT_COMPARED = (
    "Near-duplicates, and nearness to held-out text, were not looked for: there is more than fits into memory. "
    "Look for them afterwards with `lorastudio clean`."
)


@dataclass(frozen=True, slots=True)
class _Arrival:
    line: int
    pair: NewPair
    repairs: frozenset[str] = frozenset()
    raw: bytes | None = None
    earlier_answers: int = 0
    by_order: bool = False


@dataclass(frozen=True, slots=True)
class _Task:
    """What all files of an import share."""

    choice: Choice
    placing: Placing
    intake: Intake
    staging: Executor
    refused: RefusedRows
    aside: frozenset[str]
    warnings: tuple[str, ...]
    cancel: CancelToken


def import_files(
    library: Library, paths: Sequence[Path], *, options: ImportOptions | None = None, cancel: CancelToken
) -> Iterator[Event]:
    """Import files, folders of files and folders of drafts; the last event is `ImportFinished`.

    Pairs wait for review, or with `options.accept` are accepted as the person's bulk decision. Rows that ask a gate
    question are refused. All files together are one undo step.
    """
    options = options or ImportOptions()
    choice = parse_choice(options.format, options.columns, options.prompt)
    sources = list(_sources(paths))
    compared = _compares(library, sources) if options.near_duplicates is None else options.near_duplicates
    placing: Placing = Arrivals(library) if compared else PlainArrivals(library)
    intake = _intake(library, placing, options)
    tasks: list[_FileImport] = []
    try:
        with refused_rows(options.save_refused) as refused, beside() as staging:
            warnings = () if compared or options.near_duplicates is False else (NOT_COMPARED,)
            task = _Task(choice, placing, intake, staging, refused, gate_texts(library), warnings, cancel)
            for path in sources:
                tasks.append(_FileImport(path, task))
                yield from tasks[-1].run()
        cancel.check()
        files = tuple(file.report() for file in tasks)
        report = ImportReport(files, sum(file.imported for file in files), options.dry_run)
        intake.finish(report)
    finally:
        intake.give_up()
    if options.report_to is not None:
        report.write(options.report_to)
    yield ImportFinished(report)


def _intake(library: Library, placing: Placing, options: ImportOptions) -> Intake:
    if options.dry_run:
        return DryIntake(library)
    decision = (PairState.ACCEPTED, Decider.BULK) if options.accept else (PairState.PENDING, Decider.NOBODY)
    return StagedIntake(library, placing, *decision)


def _compares(library: Library, sources: Sequence[Path]) -> bool:
    """Whether what would be compared fits into memory."""
    size_bytes = sum(path.stat().st_size for path in sources if path.is_file())
    return size_bytes <= MOST_COMPARED_BYTES and sum(count_pairs(library).values()) <= MOST_COMPARED_PAIRS


class _FileImport:
    """The reading and staging of one file, or of one folder of drafts."""

    def __init__(self, path: Path, task: _Task) -> None:
        self._path = path
        self._task = task
        self._tally = ImportTally()
        self._counts = self._tally.counts
        self._batch_rows = FIRST_ROWS
        self._under_way: Future[tuple[Added, float]] | None = None
        self._format, self._container, self._sure = UNKNOWN, "", 0.0
        self._mapping: dict[str, str] = {}

    def run(self) -> Iterator[Event]:
        """Read everything and stage it. `ImportFileError` when the disk fails on the way."""
        if _is_drafts(self._path):
            yield from self._run_drafts()
        elif self._path.is_dir():
            self._take([Refusal(0, "the folder holds no files")])
        else:
            yield from self._run_file()
            if not self._counts["read"]:
                self._take([Refusal(0, "the file holds no rows")])
        self._settle()

    def report(self) -> FileReport:
        return FileReport(
            path=str(self._path),
            format=self._format,
            confidence=round(self._sure, 4),
            rows_read=self._counts["read"],
            imported=self._counts["imported"],
            repaired=self._counts["repaired"],
            refused=tuple(self._tally.refused),
            duplicates=self._counts["duplicates"],
            warnings=(*self._warnings(), *self._tally.notes()),
            container=self._container,
            mapping=self._mapping,
            duplicates_in_file=self._counts["in file"],
            duplicates_in_library=self._counts["in library"],
            refused_rows=self._counts["refused"],
            tokens=self._tally.tokens,
            languages=self._tally.languages,
            leakage=self._tally.leakage,
        )

    def _warnings(self) -> Iterator[str]:
        if self._format != UNKNOWN and self._sure < SURE:
            yield f"Only {self._sure:.0%} sure, by the first rows, that the format is {self._format}."
        if self._counts["imported"]:
            yield from self._task.warnings

    def _run_file(self) -> Iterator[Event]:
        try:
            file = ExampleFile(self._path, self._task.choice)
        except OSError as error:
            self._take([Refusal(0, f"the file can't be opened: {error.strerror or error}")])
            return
        with file:
            self._format, self._container, self._sure = file.format, file.container, file.sure
            self._mapping = file.mapping
            for _ in self._take_all(map(_arrived, file.items())):
                yield Progressed(f"bytes of {self._path.name}", file.bytes_read, file.size_bytes)

    def _run_drafts(self) -> Iterator[Event]:
        self._format, self._container, self._sure = drafts_folder.FORMAT, "folder", 1.0
        for _ in self._take_all(self._read_drafts()):
            yield Progressed(f"pairs of {self._path.name}", self._counts["read"], self._counts["read"])

    def _take_all(self, items: Iterator[_Arrival | Refusal]) -> Iterator[None]:
        """Stage batch after batch, and stop after each."""
        self._task.intake.begin(self._path, self._format)
        while True:
            self._task.cancel.check()
            try:
                batch = list(islice(items, self._batch_rows))
            except OSError as error:
                raise ImportFileError(
                    f"{self._path} can't be read on: {error.strerror or error}.", "Nothing was imported."
                ) from error
            if not batch:
                return
            self._take(batch)
            yield

    def _take(self, items: Iterable[_Arrival | Refusal]) -> None:
        pairs = []
        for item in items:
            self._counts["read"] += 1
            if isinstance(item, Refusal):
                self._refuse(item)
            elif self._task.aside and text_key(item.pair.prompt[-1].content) in self._task.aside:
                self._counts["gate"] += 1
                self._refuse(Refusal(item.line, "asks a gate question, and these are never trained on", item.raw))
            else:
                pairs.append(item.pair)
                self._note(item)
        if pairs:
            self._add(self._task.placing.place(pairs))

    def _note(self, item: _Arrival) -> None:
        if item.repairs:
            self._tally.repaired(item.repairs)
        if item.earlier_answers:
            self._counts["earlier answers"] += item.earlier_answers
        if item.by_order:
            self._counts["by order"] += 1

    def _add(self, placed: list[NewPair]) -> None:
        """Stage pairs beside the reading of the next ones, when those before them are in."""
        self._settle()
        self._under_way = self._task.staging.submit(_timed, self._task.intake, placed)
        self._tally.placed(placed)

    def _settle(self) -> None:
        """Wait for the pairs that are being staged."""
        if self._under_way is None:
            return
        added, elapsed_s = self._under_way.result()
        self._under_way = None
        if elapsed_s > BATCH_S:
            self._batch_rows = max(LEAST_ROWS, self._batch_rows * 3 // 4)
        elif elapsed_s < BATCH_S / 2:
            self._batch_rows = min(MOST_ROWS, self._batch_rows + FIRST_ROWS // 2)
        self._counts["imported"] += added.new
        self._counts["in file"] += added.in_file
        self._counts["in library"] += added.in_library
        self._counts["duplicates"] += added.in_file + added.in_library

    def _refuse(self, refusal: Refusal) -> None:
        self._tally.refuse(refusal)
        self._task.refused.add(self._path, refusal)

    def _read_drafts(self) -> Iterator[_Arrival | Refusal]:
        """The pairs that the drafts of a folder give, with no lineage: these drafts are not in this library."""
        own = drafts_folder.is_drafts_folder(self._path)
        read = drafts_folder.read_drafts_folder if own else loose_drafts.read_loose_drafts
        for item in read(self._path):
            if isinstance(item, Refusal):
                yield item
            elif isinstance(item, DraftedQuestion):
                yield from self._extracted(item)
            else:
                yield _Arrival(0, as_new_pair(item.example), by_order=item.by_order)

    def _extracted(self, item: DraftedQuestion) -> Iterator[_Arrival | Refusal]:
        try:
            pairs = extract_pairs(item.question, item.drafts, item.critiques)
        except KnownError as error:
            yield Refusal(0, f"question {item.question.text[:80]!r}: {error}")
            return
        self._counts["without a pair"] += not pairs
        yield from (_Arrival(0, _without_lineage(pair)) for pair in pairs)


def _timed(intake: Intake, placed: list[NewPair]) -> tuple[Added, float]:
    began_at = time.monotonic()
    return intake.add(placed), time.monotonic() - began_at


def _arrived(item: ReadExample | Refusal) -> _Arrival | Refusal:
    if isinstance(item, Refusal):
        return item
    return _Arrival(item.line, as_new_pair(item.example), item.repairs, item.raw, item.example.earlier_answers)


def _without_lineage(pair: NewPair) -> NewPair:
    return replace(pair, origin=Origin.IMPORTED, cycle_id=None, question_id=None, good_draft_id=None, bad_draft_id=None)


def _is_drafts(path: Path) -> bool:
    return drafts_folder.is_drafts_folder(path) or loose_drafts.is_loose_drafts(path)


def _sources(paths: Iterable[Path]) -> Iterator[Path]:
    """Files and folders of drafts; any other folder stands for all files in it that are not hidden."""
    for path in paths:
        if not path.is_dir() or _is_drafts(path):
            yield path
            continue
        inside = [file for file in sorted(path.rglob("*")) if file.is_file()]
        shown = [file for file in inside if not any(part.startswith(".") for part in file.relative_to(path).parts)]
        yield from shown or [path]
