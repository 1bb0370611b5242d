"""A plain text file as one row, which is its text."""

from __future__ import annotations

from collections.abc import Iterator

from lorastudio.datasets.content import CutShort
from lorastudio.datasets.pieces import MAX_ROW_BYTES, TOO_LONG
from lorastudio.datasets.rows import BadRow, Refusal, Row, clean_row


def read_plain_text(blocks: Iterator[bytes]) -> Iterator[Row | Refusal]:
    """One row with the column `text`, or why there is none. OSError passes through."""
    held = bytearray()
    cut = ""
    try:
        for block in blocks:
            held += block
            if len(held) > MAX_ROW_BYTES:
                yield Refusal(1, TOO_LONG)
                return
    except CutShort as error:
        cut = str(error)
    raw = bytes(held)
    try:
        yield clean_row(1, {"text": raw.decode("utf-8").replace("\r\n", "\n").strip("\n")}, raw)
    except UnicodeDecodeError as error:
        yield Refusal(raw.count(b"\n", 0, error.start) + 1, "is not UTF-8 text", raw)
    except BadRow as bad:
        yield Refusal(1, str(bad), raw)
    if cut:
        yield Refusal(raw.count(b"\n") + 1, cut)
