"""Reads a file of examples: its format and how sure that is, then every example or why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from types import TracebackType

from lorastudio.datasets.content import Content, NotTextError
from lorastudio.datasets.example import Example, RowError
from lorastudio.datasets.formats.recognition import format_of, guess_format
from lorastudio.datasets.rows import Refusal, Row, read_rows

_GUESS_ROWS = 50


@dataclass(frozen=True, slots=True)
class ReadExample:
    """An example with the line it stands on, its format, and what was repaired in it."""

    line: int
    format: str
    repairs: frozenset[str]
    example: Example


class ExampleFile:
    """An open file of examples. `format` and `sure` (0..1) are known at once, from its first rows.

    `items` reads on, a block at a time; it may be called once. Damage never raises: it comes as a `Refusal`
    with its line, or with line 0 when the file as a whole can't be read. OSError passes through.
    """

    def __init__(self, path: Path) -> None:
        self._content = Content(path)
        try:
            rows = self._rows()
            head = list(islice(rows, _GUESS_ROWS))
        except BaseException:
            self._content.close()
            raise
        self._all = chain(head, rows)
        self.format, self.sure = guess_format(row.values for row in head if isinstance(row, Row))

    @property
    def size_bytes(self) -> int:
        return self._content.size_bytes

    @property
    def bytes_read(self) -> int:
        return self._content.bytes_read

    def items(self) -> Iterator[ReadExample | Refusal]:
        """Every row in order."""
        for row in self._all:
            yield row if isinstance(row, Refusal) else _read(row)

    def close(self) -> None:
        self._content.close()

    def __enter__(self) -> ExampleFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _rows(self) -> Iterator[Row | Refusal]:
        try:
            yield from read_rows(self._content.blocks())
        except NotTextError as error:
            yield Refusal(0, str(error))


def _read(row: Row) -> ReadExample | Refusal:
    known = format_of(row.values)
    if known is None:
        columns = ", ".join(repr(name[:40]) for name in list(row.values)[:8])
        return Refusal(row.line, f"is in no known format; its columns are {columns}" if columns else "is empty")
    try:
        return ReadExample(row.line, known.name, row.repairs, known.read(row.values))
    except RowError as error:
        return Refusal(row.line, str(error))
