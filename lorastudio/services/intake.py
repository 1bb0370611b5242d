"""Where the pairs of an import go: into the library, staged for one commit, or nowhere in a dry run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from lorastudio.domain.events import as_json
from lorastudio.domain.pair import Decider, NewPair, PairState
from lorastudio.services.import_report import ImportReport
from lorastudio.store import imports
from lorastudio.store.library import Library
from lorastudio.store.pair_rows import known_hashes, pair_hash

# Whoever waits to write asks SQLite again and again, and only between two transactions is the answer yes.
_PAUSE_S = 0.02


class Added(NamedTuple):
    """How many pairs came in, and how many are equal to an earlier one of their file, or of elsewhere."""

    new: int
    in_file: int
    in_library: int


class Placing(Protocol):
    """Gives new pairs their findings and their side of the split: `Arrivals` or `PlainArrivals`."""

    def place(self, pairs: Sequence[NewPair]) -> list[NewPair]: ...

    def assign(self, pairs: Sequence[NewPair]) -> None: ...


class Intake(Protocol):
    """What takes the pairs of one import, file after file."""

    def begin(self, path: Path, format: str) -> None:
        """The pairs from here on are of this file."""

    def add(self, placed: Sequence[NewPair]) -> Added:
        """Take pairs that have their findings."""

    def finish(self, report: ImportReport) -> None:
        """All files are read: make the pairs exist, as one undo step."""

    def give_up(self) -> None:
        """Leave nothing behind, unless it was finished."""


class StagedIntake:
    """Stages pairs in short transactions; `finish` is one small update."""

    def __init__(self, library: Library, placing: Placing, state: PairState, decider: Decider) -> None:
        self._library = library
        self._placing = placing
        self._state = state
        self._decider = decider
        self._file: tuple[Path, str] | None = None
        self._ids: dict[str, int] = {}

    def begin(self, path: Path, format: str) -> None:
        self._file = (path, format)

    def add(self, placed: Sequence[NewPair]) -> Added:
        begun = dict(self._ids)
        try:
            with self._library.transaction():
                import_id = self._import_id()
                self._placing.assign(placed)
                added = imports.stage_pairs(self._library, import_id, placed)
        except BaseException:
            self._ids = begun
            raise
        if self._library.lent:
            time.sleep(_PAUSE_S)
        return Added(len(added.ids), added.duplicates_in_import, added.duplicates - added.duplicates_in_import)

    def finish(self, report: ImportReport) -> None:
        if not report.pairs_added:
            return
        reports = {self._ids[file.path]: as_json(file) for file in report.files if file.path in self._ids}
        imports.commit_imports(self._library, reports, num_pairs=report.pairs_added)
        self._ids.clear()

    def give_up(self) -> None:
        # Where the library was closed first, the next start sweeps what was staged.
        if self._library.writable:
            for import_id in self._ids.values():
                imports.drop_import(self._library, import_id)

    def _import_id(self) -> int:
        assert self._file is not None, "a file begins before its pairs"
        path, format = self._file
        if str(path) not in self._ids:
            leader = next(iter(self._ids.values()), None)
            self._ids[str(path)] = imports.begin_import(
                self._library, path, format, state=self._state, decider=self._decider, part_of=leader
            )
        return self._ids[str(path)]


class DryIntake:
    """Counts what would come in and writes nothing."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._seen: dict[bytes, int] = {}
        self._files = 0

    def begin(self, path: Path, format: str) -> None:
        self._files += 1

    def add(self, placed: Sequence[NewPair]) -> Added:
        hashes = [pair_hash(pair) for pair in placed]
        known = known_hashes(self._library, hashes)
        new = in_file = 0
        for digest in hashes:
            first = self._seen.get(bytes.fromhex(digest))
            if digest not in known and first is None:
                self._seen[bytes.fromhex(digest)] = self._files
                new += 1
            elif digest not in known and first == self._files:
                in_file += 1
        return Added(new, in_file, len(hashes) - new - in_file)

    def finish(self, report: ImportReport) -> None:
        """Nothing was written."""

    def give_up(self) -> None:
        """Nothing was written."""
