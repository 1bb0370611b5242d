"""Tables as text: CSV and TSV, their first line naming the columns."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from typing import Any

import orjson

from lorastudio.datasets.content import CutShort
from lorastudio.datasets.pieces import MAX_ROW_BYTES, TOO_LONG
from lorastudio.datasets.rows import BadRow, Refusal, Row, clean_row

_DELIMITERS = ("\t", ",", ";", "|")
_NAME = re.compile(r"[\w][\w .()/-]{0,60}")
_HEAD_ROWS = 30
_REGULAR_SHARE = 0.5
# Where a program wrote a list or a yes or no into a cell, this is what it meant.
_LISTS = frozenset(
    ("messages", "conversations", "history", "fields", "responses", "suggestions", "data", "annotations")
)
_ENDINGS_OF_LISTS = (".responses", "-suggestion", ".suggestion")
_YES_OR_NO = frozenset(("label", "kto_tag"))
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_TURN = frozenset(("role", "from"))


def find_delimiter(head: bytes) -> str | None:
    """The sign between the cells of a table that begins so; None for a text that is no table.

    A table's first line holds names, and at least half of the rows after it as many cells.
    """
    text = head.decode("utf-8", "replace")
    found = [(columns, delimiter) for delimiter in _DELIMITERS if (columns := _columns(text, delimiter))]
    if found:
        return max(found, key=lambda one: one[0])[1]
    first = text.lstrip("\n").split("\n", 1)[0].strip().strip('"')
    return "," if first == "text" else None


def read_table(blocks: Iterator[bytes], delimiter: str) -> Iterator[Row | Refusal]:
    """Every row of a table, by the line on which it begins. OSError passes through.

    Where a quotation mark is never closed, its line is refused alone and the next one begins a row.
    """
    # The limit is the process's own; rows are cut off at the same length anyway.
    csv.field_size_limit(MAX_ROW_BYTES)
    lines = _Lines(blocks)
    names: list[str] | None = None
    for line, cells in _records(lines, delimiter):
        if isinstance(cells, Refusal):
            yield cells
        elif names is None:
            names = [name.strip() for name in cells]
        else:
            yield _row(line, names, cells, delimiter)
    if lines.cut:
        yield Refusal(lines.number, lines.cut)


class _Lines:
    """The lines of a text, each with its end, as the csv module wants them; the last ones can be read again."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self.number = 0
        self.cut = ""
        self.taken: list[bytes] = []
        self._again: deque[bytes] = deque()
        self._fresh = self._cut_into_lines(blocks)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._fresh)
        self.number += 1
        self.taken.append(line)
        if sum(map(len, self.taken[-2:])) > MAX_ROW_BYTES:
            raise BadRow(TOO_LONG)
        return line.decode("utf-8")

    def begin(self) -> None:
        """The lines from here on belong to the next record."""
        self.taken.clear()

    def give_back(self) -> None:
        """Read all lines of this record but its first again."""
        self._again.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1
        del self.taken[1:]

    def _cut_into_lines(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        held = bytearray()
        try:
            for block in blocks:
                first, *more = block.split(b"\n")
                held += first
                for part in more:
                    yield bytes(held) + b"\n"
                    held = bytearray(part)
        except CutShort as error:
            self.cut = str(error)
        if held:
            yield bytes(held)


def _records(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str] | Refusal]]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin()
        line = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except UnicodeDecodeError as error:
            reason = f"is not UTF-8 text (byte {error.start + 1} of line {lines.number})"
        except (csv.Error, BadRow) as error:
            reason = f"can't be read as a table's row: {error}" if isinstance(error, csv.Error) else str(error)
        else:
            if any(cells):
                yield line, cells
            continue
        lines.give_back()
        yield line, Refusal(line, reason, lines.taken[0][:MAX_ROW_BYTES])
        reader = csv.reader(lines, delimiter=delimiter, strict=True)


def _row(line: int, names: list[str], cells: list[str], delimiter: str) -> Row | Refusal:
    raw = delimiter.join(cells).encode("utf-8", "surrogatepass")
    if len(cells) != len(names):
        return Refusal(line, f"has {len(cells)} cells under {len(names)} columns", raw)
    if len(raw) > MAX_ROW_BYTES:
        return Refusal(line, TOO_LONG)
    try:
        return clean_row(line, {name: _value(name, cell) for name, cell in zip(names, cells, strict=True)}, raw)
    except BadRow as bad:
        return Refusal(line, str(bad), raw)


def _value(name: str, cell: str) -> Any:
    """What a cell means: lists of turns are written as JSON, a label as a word."""
    plain = name.casefold()
    if plain in _YES_OR_NO:
        return _TRUTH.get(cell.strip().casefold(), cell)
    if not cell.startswith(("[", "{")):
        return cell
    try:
        value = orjson.loads(cell)
    except ValueError:
        return cell
    meant = plain in _LISTS or plain.endswith(_ENDINGS_OF_LISTS) or _are_turns(value)
    return value if meant else cell


def _are_turns(value: Any) -> bool:
    turns = value.get("messages") if isinstance(value, dict) else value
    return isinstance(turns, list) and bool(turns) and all(isinstance(t, dict) and t.keys() & _TURN for t in turns)


def _columns(text: str, delimiter: str) -> int:
    """How many columns a table with this delimiter has; 0 when the text is none."""
    records: list[list[str]] = []
    try:
        for cells in csv.reader((f"{line}\n" for line in text.split("\n")[: _HEAD_ROWS * 10]), delimiter=delimiter):
            if any(cells):
                records.append(cells)
            if len(records) > _HEAD_ROWS:
                break
    except csv.Error:
        return 0
    if len(records) < 2 or len(records[0]) < 2:
        return 0
    names = [name.strip() for name in records[0]]
    if len(set(names)) < len(names) or not all(_NAME.fullmatch(name) for name in names):
        return 0
    regular = sum(len(cells) == len(names) for cells in records[1:])
    return len(names) if regular >= _REGULAR_SHARE * (len(records) - 1) else 0
