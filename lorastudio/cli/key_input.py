"""Keys from a person or a pipe: never shown, never in the command line."""

from __future__ import annotations

import os
import select
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import UsageError

_SLICE_S = 0.1
# Far more than any key; what is longer is no key but a file.
_MOST_BYTES = 10_000


def read_key(prompt: str, cancel: CancelToken) -> str:
    """One line of stdin: typed without being shown after `prompt`, or out of a pipe.

    UsageError when the line is empty or stdin has ended; Cancelled when asked to stop while waiting.
    """
    stdin = sys.stdin.fileno()
    sys.stderr.write(f"{prompt}: ")
    sys.stderr.flush()
    with _unseen(stdin):
        line = _line(stdin, cancel)
    sys.stderr.write("\n")
    key = line.decode("utf-8", "replace").strip()
    if not key:
        raise UsageError("No key came in on stdin.", "Type it, or pipe it in as one line.")
    return key


def _line(stdin: int, cancel: CancelToken) -> bytes:
    """The bytes to the next end of a line, read one by one: the next line may be for somebody else."""
    line = bytearray()
    while len(line) < _MOST_BYTES:
        cancel.check()
        if not select.select([stdin], [], [], _SLICE_S)[0]:
            continue
        byte = os.read(stdin, 1)
        if byte in (b"", b"\n"):
            break
        line += byte
    return bytes(line)


@contextmanager
def _unseen(stdin: int) -> Iterator[None]:
    """A terminal shows nothing of what is typed meanwhile."""
    if not os.isatty(stdin):
        yield
        return
    before = termios.tcgetattr(stdin)
    silent = termios.tcgetattr(stdin)
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(stdin, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        termios.tcsetattr(stdin, termios.TCSADRAIN, before)
