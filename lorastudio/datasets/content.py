"""The content of a file as a stream of UTF-8, whatever it was packed or encoded in; never all of it in memory."""

from __future__ import annotations

import codecs
import errno
import stat
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol

BLOCK_BYTES = 1 << 18
_HEAD_BYTES = 16
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
# Packed data may unpack to 30,000 times their size, so that only a little is unpacked at once.
_PACKED_BYTES = 1 << 10
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is the start of this one
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NOT_TEXT = (
    (b"PK\x03\x04", "a zip archive"),
    (b"BZh", "packed with bzip2"),
    (b"\xfd7zXZ\x00", "packed with xz"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x89PNG", "an image"),
    (b"%PDF-", "a PDF document"),
)


class CutShort(Exception):
    """The content ends before it should; what came before is sound. `str()` says why."""


class NotTextError(Exception):
    """The file is of a kind that can't be read as text; `str()` says which."""


class _Member(Protocol):
    def decompress(self, data: bytes, /) -> bytes: ...


class Content:
    """An open file. `blocks` gives its text as UTF-8 bytes (lone surrogates kept, as three bytes each).

    `bytes_read` counts bytes of the file itself, for progress against `size_bytes`. OSError passes through.
    """

    def __init__(self, path: Path) -> None:
        status = path.stat()
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            # Reading a pipe can wait for ever, and what is read here is often read twice.
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        self.size_bytes = status.st_size
        self.bytes_read = 0
        self.file: BinaryIO = path.open("rb")

    def starts_with(self, magic: bytes) -> bool:
        """Whether these are the file's first bytes. Asked before `blocks`."""
        head = self.file.read(len(magic))
        self.file.seek(0)
        return head == magic

    def blocks(self) -> Iterator[bytes]:
        """All blocks in order, once. Raises `CutShort` at a broken end and `NotTextError` at the start."""
        return _as_utf8(_unpacked(self._raw()))

    def close(self) -> None:
        self.file.close()

    def __enter__(self) -> Content:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _raw(self) -> Iterator[bytes]:
        while block := self.file.read(BLOCK_BYTES):
            self.bytes_read += len(block)
            yield block


def _unpacked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    first = next(blocks, b"")
    if first.startswith(_GZIP):
        yield from _gunzipped(first, blocks)
    elif first.startswith(_ZSTD):
        yield from _unpacked_frames(first, blocks)
    else:
        yield first
        yield from blocks


def _gunzipped(block: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Every member of a gzip stream; padding after the last one is ignored."""
    member = zlib.decompressobj(wbits=31)
    while block:
        before = member.copy()
        try:
            text = member.decompress(block, BLOCK_BYTES)
        except zlib.error as error:
            yield _salvaged(before, block)
            raise CutShort("the compressed data are damaged from here on") from error
        yield text
        if not member.eof:
            block = member.unconsumed_tail or next(blocks, b"")
            continue
        block = (member.unused_data or next(blocks, b"")).lstrip(b"\0")
        if block and not _GZIP.startswith(block[:2]):
            raise CutShort("something else follows the compressed data")
        if block:
            member = zlib.decompressobj(wbits=31)
    yield member.flush()
    if not member.eof:
        raise CutShort("the compressed file is cut off here")


def _unpacked_frames(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Every frame of a Zstandard stream."""
    from zstandard import ZstdDecompressor, ZstdError  # only files that are packed so need it

    frame = ZstdDecompressor().decompressobj()
    for block in chain((first,), blocks):
        for at in range(0, len(block), _PACKED_BYTES):
            part = block[at : at + _PACKED_BYTES]
            while part:
                if frame.eof:
                    frame = ZstdDecompressor().decompressobj()
                try:
                    yield frame.decompress(part)
                except ZstdError as error:
                    raise CutShort("the compressed data are damaged from here on") from error
                part = frame.unused_data if frame.eof else b""
    if not frame.eof:
        raise CutShort("the compressed file is cut off here")


def _salvaged(member: _Member, block: bytes) -> bytes:
    """What a damaged block gives before the damage."""
    text = bytearray()
    with suppress(zlib.error):
        for at in range(len(block)):
            text += member.decompress(block[at : at + 1])
    return bytes(text)


def _as_utf8(blocks: Iterator[bytes]) -> Iterator[bytes]:
    head, cut = _head(blocks)
    if kind := next((kind for magic, kind in _NOT_TEXT if head.startswith(magic)), None):
        raise NotTextError(f"the file is {kind}; unpack it, or export it as JSON lines")
    encoding, mark = _encoding(head)
    rest = chain((head[mark:],), blocks)
    if encoding == "utf-8":
        yield from rest
    else:
        yield from _recoded(rest, encoding)
    if cut is not None:
        raise cut


def _head(blocks: Iterator[bytes]) -> tuple[bytes, CutShort | None]:
    """Enough of the start to know the encoding, and the break when the content ends already here."""
    head = b""
    try:
        while len(head) < _HEAD_BYTES and (block := next(blocks, None)) is not None:
            head += block
    except CutShort as cut:
        return head, cut
    return head, None


def _recoded(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    try:
        for block in blocks:
            yield decoder.decode(block).encode("utf-8", "surrogatepass")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise CutShort(f"the text is not sound {encoding.upper()} from here on") from error


def _encoding(head: bytes) -> tuple[str, int]:
    """The encoding and the length of its mark; without a mark, zeros beside ASCII betray UTF-16."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    if len(head) >= 4 and head[0] and head[2] and head[1] == head[3] == 0:
        return "utf-16-le", 0
    if len(head) >= 4 and head[1] and head[3] and head[0] == head[2] == 0:
        return "utf-16-be", 0
    return "utf-8", 0
