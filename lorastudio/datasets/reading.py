"""Reads a file of examples: its format and how sure that is, then every example or why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from types import TracebackType

from lorastudio.datasets.choice import Choice
from lorastudio.datasets.containers import Contained, open_rows
from lorastudio.datasets.content import Content, NotTextError
from lorastudio.datasets.example import Example, RowError
from lorastudio.datasets.formats.recognition import FORMATS, UNKNOWN, Recognition
from lorastudio.datasets.formats.row_format import RowFormat
from lorastudio.datasets.formats.transcripts import TEXT
from lorastudio.datasets.rows import Refusal, Row

_GUESS_ROWS = 50
_MOST_COLUMNS = 8


@dataclass(frozen=True, slots=True)
class ReadExample:
    """An example with the line it stands on, its format, what was repaired in it, and what stands in the file."""

    line: int
    format: str
    repairs: frozenset[str]
    example: Example
    raw: bytes | None = field(default=None, compare=False, repr=False)


class ExampleFile:
    """An open file of examples. `container`, `format`, `sure` (0..1) and `mapping` (what of a pair comes from which
    columns) are known at once, from its first rows, or from what `choice` says.

    `items` reads on, a block at a time; it may be called once. Damage never raises: it comes as a `Refusal`
    with its line, or with line 0 when the file as a whole can't be read. OSError passes through.
    """

    def __init__(self, path: Path, choice: Choice | None = None) -> None:
        self._choice = choice or Choice()
        self._recognition = Recognition(self._choice.format)
        self._content = Content(path)
        try:
            self.container, rows = self._open()
            head = list(islice(rows, _GUESS_ROWS))
        except BaseException:
            self._content.close()
            raise
        self._all = chain(head, rows)
        first = [self._choice.renamed(row.values) for row in head if isinstance(row, Row)]
        guess = self._recognition.guess(first)
        self.format, self.sure = guess
        if self._choice.format is not None and guess.format != UNKNOWN:
            self.sure = 1.0
        self.mapping = self._mapping(first)

    @property
    def size_bytes(self) -> int:
        return self._content.size_bytes

    @property
    def bytes_read(self) -> int:
        return self._content.bytes_read

    def items(self) -> Iterator[ReadExample | Refusal]:
        """Every row in order."""
        for row in self._all:
            yield row if isinstance(row, Refusal) else self._read(row)

    def close(self) -> None:
        self._content.close()

    def __enter__(self) -> ExampleFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> Contained:
        try:
            return open_rows(self._content)
        except NotTextError as error:
            return Contained(UNKNOWN, iter((Refusal(0, str(error)),)))

    def _read(self, row: Row) -> ReadExample | Refusal:
        values = self._choice.renamed(row.values)
        known = self._recognition.format_of(values)
        if known is None:
            return Refusal(row.line, self._unknown(values), row.raw)
        if known is TEXT and self._choice.prompt is not None:
            values = {"prompt": self._choice.prompt} | values
        try:
            return ReadExample(row.line, known.name, row.repairs, known.read(values), row.raw)
        except RowError as error:
            return Refusal(row.line, str(error), row.raw)

    def _unknown(self, values: Mapping[str, object]) -> str:
        what = "in no known format" if self._choice.format is None else f"not in the format {self._choice.format}"
        columns = ", ".join(repr(name[:40]) for name in list(values)[:_MOST_COLUMNS])
        return f"is {what}; its columns are {columns}" if columns else "is empty"

    def _mapping(self, first: Sequence[Mapping[str, object]]) -> dict[str, str]:
        """The parts of a pair with the columns they come from, under the names that they have in the file."""
        known: RowFormat | None = next((one for one in FORMATS if one.name == self.format), None)
        if known is None:
            return {}
        named = self._choice.columns or {}
        there = {name for values in first for name in values}
        found = {
            part: [named.get(name, name) for name in names if name in there] for part, names in known.columns.items()
        }
        return {part: " + ".join(columns) for part, columns in found.items() if columns}
