"""Keys that are typed or piped in."""

from __future__ import annotations

import os
import sys
import termios
import threading
import time
from collections.abc import Iterator
from typing import IO

import pytest

from lorastudio.cli.key_input import read_key
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled, UsageError


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[IO[bytes]]:
    """What is written to it is on stdin."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin, os.fdopen(writing, "wb", buffering=0) as source:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield source


def test_one_line_is_read_and_the_next_left_for_others(pipe: IO[bytes], capsys: pytest.CaptureFixture[str]) -> None:
    pipe.write(b"  sk-first \nsk-second\n")
    assert read_key("Key of far", CancelToken()) == "sk-first"
    assert read_key("Key of far", CancelToken()) == "sk-second"
    said = capsys.readouterr()
    assert "Key of far: " in said.err
    assert "sk-" not in said.out + said.err


@pytest.mark.parametrize("line", [b"\n", b"   \n", b""])
def test_no_key_is_said(pipe: IO[bytes], line: bytes) -> None:
    pipe.write(line)
    pipe.close()
    with pytest.raises(UsageError, match="No key came in on stdin"):
        read_key("Key", CancelToken())


def test_waiting_for_a_key_can_be_cancelled(pipe: IO[bytes]) -> None:
    cancel = CancelToken()
    threading.Timer(0.05, cancel.cancel).start()
    with pytest.raises(Cancelled):
        read_key("Key", cancel)


def type_unseen(screen: IO[bytes], text: bytes) -> None:
    """Type once the terminal has stopped showing what is typed."""
    while termios.tcgetattr(screen)[3] & termios.ECHO:
        time.sleep(0.005)
    screen.write(text)


def test_a_terminal_does_not_show_what_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, own_end = os.openpty()
    with os.fdopen(own_end) as stdin, os.fdopen(terminal, "r+b", buffering=0) as screen:
        monkeypatch.setattr(sys, "stdin", stdin)
        typing = threading.Thread(target=type_unseen, args=(screen, b"sk-typed\n"))
        typing.start()
        assert read_key("Key", CancelToken()) == "sk-typed"
        typing.join()
        screen.write(b"seen")
        shown = b""
        while b"seen" not in shown:
            shown += os.read(terminal, 1000)
        assert b"sk-" not in shown
