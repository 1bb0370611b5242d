"""Server-sent events, read leniently."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def payloads(chunks: Iterable[bytes]) -> Iterator[str]:
    """The data of each event, from chunks of bytes cut anywhere.

    Lines end at LF or CRLF only: a JSON text may hold U+2028 or U+0085 as they are, which `str.splitlines`
    would cut at. Servers that forget the blank line between events are understood as long as each data line
    is a whole object; comments and other fields are skipped; an event cut by the end is not given.
    """
    pending: list[str] = []
    for line in _lines(chunks):
        if not line:
            if pending:
                yield "\n".join(pending)
            pending = []
        elif line.startswith("data:"):
            if pending and pending[-1].endswith(("}", "[DONE]")):
                yield "\n".join(pending)
                pending = []
            pending.append(line[5:].removeprefix(" "))
    if pending and pending[-1].endswith(("}", "[DONE]")):
        yield "\n".join(pending)


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    buffer = bytearray()
    first = True
    for chunk in chunks:
        searched = len(buffer)
        buffer += chunk
        while (end := buffer.find(b"\n", searched)) >= 0:
            line = bytes(buffer[:end]).removesuffix(b"\r")
            del buffer[: end + 1]
            searched = 0
            if first:
                line = line.removeprefix(b"\xef\xbb\xbf")
                first = False
            yield line.decode("utf-8", "replace")
    if buffer:
        yield bytes(buffer).removesuffix(b"\r").decode("utf-8", "replace")
