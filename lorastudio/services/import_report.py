"""What became of the files of an import, as a record and in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from lorastudio.domain.events import Event, as_json
from lorastudio.domain.files import write_atomic
from lorastudio.services.write_failures import plain_write_failures

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that did not come in; line 0 is about the file as a whole, or about a part of a folder."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file: `rows_read` are those imported, the duplicates, and the refused ones.

    `confidence` (0..1) is how sure the format is, `mapping` which columns make which part of a pair. `repaired` counts
    rows with a text that had to be mended. Duplicates are of this file's earlier rows or of the library's.
    `tokens` has min, median, p95, max and total of each side, estimated at 4 characters a token; they and `languages`
    are of all pairs that were read, duplicates among them. `leakage` counts what would have reached the gate or the
    held-out side.
    """

    path: str
    format: str
    confidence: float
    rows_read: int
    imported: int
    repaired: int
    refused: tuple[RefusedRow, ...]
    duplicates: int
    warnings: tuple[str, ...]
    container: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    duplicates_in_file: int = 0
    duplicates_in_library: int = 0
    refused_rows: int = 0
    tokens: Mapping[str, Counts] = field(default_factory=dict)
    languages: Counts = field(default_factory=dict)
    leakage: Counts = field(default_factory=dict)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> FileReport:
        """The report that `as_json` made the record of."""
        refused = tuple(RefusedRow(**row) for row in record["refused"])
        return cls(**{**record, "refused": refused, "warnings": tuple(record["warnings"])})


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of all files of one import; after a dry run, what would have."""

    files: tuple[FileReport, ...]
    pairs_added: int
    dry_run: bool = False

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> ImportReport:
        """The report that `as_json` made the record of."""
        return cls(**{**record, "files": tuple(FileReport.from_record(file) for file in record["files"])})

    def write(self, path: Path) -> None:
        """Write the report: as JSON where the name ends in `.json`, else as text. KnownError when that fails."""
        if path.suffix == ".json":
            text = json.dumps(as_json(self), ensure_ascii=False, indent=2) + "\n"
        else:
            text = "".join(f"{line}\n" for line in report_lines(as_json(self)))
        with plain_write_failures(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, text.encode("utf-8", "backslashreplace"))


@dataclass(frozen=True, slots=True)
class ImportFinished(Event):
    """The import is over; nothing may have come in, which the report says too."""

    event: ClassVar[str] = "import_done"
    report: ImportReport


def report_lines(report: Mapping[str, Any], most_refusals: int | None = None) -> Iterator[str]:
    """The report's record in words, a line each; at most so many refusals of a file."""
    for file in report["files"]:
        yield from _file_lines(file, most_refusals)
    count = report["pairs_added"]
    verb = "would be added; nothing was written" if report["dry_run"] else "added"
    yield f"{count} {'pair' if count == 1 else 'pairs'} {verb}."


def _file_lines(file: Mapping[str, Any], most_refusals: int | None) -> Iterator[str]:
    sure = f" ({file['confidence']:.0%} sure, {file['container']})" if file["container"] else ""
    yield (
        f"{file['path']}: {file['format'] or 'not recognised'}{sure}; {file['rows_read']} rows read, "
        f"{file['imported']} imported, {file['repaired']} repaired, {file['duplicates']} duplicates, "
        f"{file['refused_rows']} refused."
    )
    if file["mapping"]:
        yield f"  Columns: {'; '.join(f'{part} from {columns}' for part, columns in file['mapping'].items())}."
    if file["duplicates"]:
        yield f"  Duplicates: {file['duplicates_in_file']} in the file, {file['duplicates_in_library']} in the library."
    for side, tokens in file["tokens"].items():
        yield (
            f"  Length of {side}, in tokens (estimated): {tokens['min']} to {tokens['max']}, "
            f"median {tokens['median']}, 95% within {tokens['p95']}, {tokens['total']} in all."
        )
    if file["languages"]:
        yield f"  Languages: {', '.join(f'{count} {name}' for name, count in file['languages'].items())}."
    shown = file["refused"][:most_refusals]
    for refused in shown:
        yield f"  line {refused['line']}: {refused['reason']}"
    if more := file["refused_rows"] - len(shown):
        yield f"  and {more} more refused rows; --save-refused writes them all down."
    for warning in file["warnings"]:
        yield f"  Note: {warning}"
