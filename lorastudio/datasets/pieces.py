"""Cuts a stream of text into pieces of one row each: lines, or the outermost objects of a JSON text.

A piece that can't be a row (too long, never closed) is cut out whole, and the next one is found again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lorastudio.datasets.content import CutShort

MAX_ROW_BYTES = 16_000_000
TOO_LONG = "is longer than 16 MB"

_TOKEN = re.compile(rb'["{}\[\]\n]|[^\s"{}\[\]]+')
_IN_STRING = re.compile(rb'["\\\n]')
_OPENED_BY = {b"}": b"{", b"]": b"["}


@dataclass(frozen=True, slots=True)
class Piece:
    """The bytes of one row and the line it starts on, counted from 1.

    `data` is None when `reason` says why there are none. A piece with both is the last one before a break.
    """

    line: int
    data: bytes | None
    reason: str = ""


def cut_lines(blocks: Iterator[bytes]) -> Iterator[Piece]:
    """Every line that is not blank. Only LF ends a line (CR before it belongs to the end); U+2028 does not."""
    cutter = _LineCutter()
    try:
        for block in blocks:
            yield from cutter.feed(block)
    except CutShort as cut:
        last = next(cutter.finish(), Piece(cutter.line, None))
        yield Piece(last.line, last.data, str(cut))
        return
    yield from cutter.finish()


def cut_objects(blocks: Iterator[bytes]) -> Iterator[Piece]:
    """Every outermost `{…}` of a JSON array or of objects that follow each other."""
    cutter = _ObjectCutter()
    try:
        for block in blocks:
            yield from cutter.feed(block)
    except CutShort as cut:
        yield Piece(cutter.broken_line, None, str(cut))
        return
    yield from cutter.finish()


class _LineCutter:
    def __init__(self) -> None:
        self.line = 1
        self._held = bytearray()
        self._too_long = False

    def feed(self, block: bytes) -> Iterator[Piece]:
        first, *whole = block.split(b"\n")
        self._hold(first)
        if not whole:
            return
        yield from self.finish()
        self.line += 1
        rest = whole.pop()
        # A whole line inside a block is shorter than a row may be.
        for line, part in enumerate(whole, self.line):
            if data := part.strip(b" \t\r"):
                yield Piece(line, data)
        self.line += len(whole)
        self._hold(rest)

    def finish(self) -> Iterator[Piece]:
        """The line held so far, if there is anything on it."""
        data = bytes(self._held).strip(b" \t\r")
        too_long, self._too_long = self._too_long, False
        self._held.clear()
        if too_long:
            yield Piece(self.line, None, TOO_LONG)
        elif data:
            yield Piece(self.line, data)

    def _hold(self, part: bytes) -> None:
        if not self._too_long:
            self._held += part
            if len(self._held) > MAX_ROW_BYTES:
                self._too_long = True
                self._held.clear()


class _ObjectCutter:
    """Follows braces, brackets and strings. When the text breaks JSON's grammar inside an object, the object is
    given up and the search goes on at the next line that starts with a brace no deeper than its own."""

    def __init__(self) -> None:
        self.line = 1
        self._start_at_line = 1
        self._buffer = b""
        self._at = 0
        self._line_start = 0
        self._start = 0
        self._indent = 0
        self._junk_line = 0
        self._open: list[bytes] = []
        self._last = b""  # the last sign that is neither space nor end of line
        self._line_head = True  # nothing but space on this line so far
        self._in_string = self._too_long = self._searching = False

    def feed(self, block: bytes) -> Iterator[Piece]:
        self._buffer += block
        while True:
            if self._in_string:
                if not self._pass_string():
                    break
                if self._line_head:
                    yield from self._give_up("is not valid JSON: a text is not closed on its line")
            found = _TOKEN.search(self._buffer, self._at)
            if found is None:
                self._at = len(self._buffer)
                break
            self._at = found.end()
            yield from self._take(found.group(), found.start())
        self._forget()

    def finish(self) -> Iterator[Piece]:
        """The object that is still open at the end."""
        if self._open:
            yield Piece(self._start_at_line, None, "is cut off: the object is never closed")

    @property
    def broken_line(self) -> int:
        """The line to name when the content breaks off here."""
        return self._start_at_line if self._open else self.line

    def _take(self, token: bytes, at: int) -> Iterator[Piece]:
        if token == b"\n":
            self._end_line(at)
            return
        if token == b"{" and self._line_head and self._starts_anew(at):
            yield from self._give_up("is not valid JSON: the object is never closed")
            self._begin(at)
        elif token == b'"' and not self._searching:
            self._in_string = True
            if not self._open:
                yield from self._junk()
        elif self._open:
            yield from self._inside(token)
        elif token == b"{" and not self._searching:
            self._begin(at)
        elif token not in (b"[", b"]", b",") and not self._searching:
            yield from self._junk()
        self._last = token[-1:]
        self._line_head = False

    def _inside(self, token: bytes) -> Iterator[Piece]:
        if token in (b"{", b"["):
            self._open.append(token)
        elif token in _OPENED_BY and self._open.pop() != _OPENED_BY[token]:
            self._open.append(token)
            yield from self._give_up("is not valid JSON: its brackets don't match")
        elif not self._open:
            if self._too_long or self._at - self._start > MAX_ROW_BYTES:
                yield Piece(self._start_at_line, None, TOO_LONG)
            else:
                yield Piece(self._start_at_line, self._buffer[self._start : self._at])

    def _starts_anew(self, at: int) -> bool:
        """Whether a brace at the head of a line can only be a new row: JSON wants a key there, or we search."""
        in_need_of_a_key = bool(self._open) and self._open[-1] == b"{" and self._last != b":"
        return (self._searching or in_need_of_a_key) and at - self._line_start <= self._indent

    def _begin(self, at: int) -> None:
        self._searching = self._too_long = False
        self._open = [b"{"]
        self._start, self._start_at_line = at, self.line
        # A first row that shares its line with the bracket before it may stand further left than the next ones.
        self._indent = at - self._line_start + (0 if self._line_head else 1)

    def _give_up(self, reason: str) -> Iterator[Piece]:
        if self._open:
            yield Piece(self._start_at_line, None, reason)
            self._open.clear()
            self._searching = True

    def _junk(self) -> Iterator[Piece]:
        if self._junk_line != self.line:
            self._junk_line = self.line
            yield Piece(self.line, None, "is not a JSON object")

    def _pass_string(self) -> bool:
        """Go to the end of the string, or to the end of the line that breaks it; False when more text must come."""
        while found := _IN_STRING.search(self._buffer, self._at):
            if found.group() == b"\\" and found.end() == len(self._buffer):
                self._at = found.start()
                return False
            self._at = found.end()
            if found.group() == b"\\":
                self._at += self._buffer[self._at] != ord("\n")
                continue
            self._in_string = False
            self._last = b'"'
            if found.group() == b"\n":
                self._end_line(found.start())
            return True
        self._at = len(self._buffer)
        return False

    def _end_line(self, at: int) -> None:
        self.line += 1
        self._line_start = at + 1
        self._line_head = True

    def _forget(self) -> None:
        """Keep only what the open row needs."""
        if self._open and self._at - self._start > MAX_ROW_BYTES:
            self._too_long = True
        kept = self._start if self._open and not self._too_long else self._at
        self._buffer = self._buffer[kept:]
        self._at -= kept
        self._start -= kept
        self._line_start -= kept
