"""What every verb shares: where the library is, how to speak, and how to be stopped."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from lorastudio.cli.key_input import read_key
from lorastudio.cli.plain_console import PlainConsole, json_line
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Endpoint
from lorastudio.domain.errors import UsageError
from lorastudio.domain.events import Event, as_json, as_record
from lorastudio.paths import application_home, expanded
from lorastudio.services.opening import open_for_work
from lorastudio.services.servers import LocalServers
from lorastudio.store.library import Library

# Tables that go to a file or a pipe have no screen to fit on.
PIPED_WIDTH = 160
STDERR = 2
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOPPING = "Stopping; what is finished is kept. Press Ctrl-C again to end at once.\n"


def given_path(text: str) -> Path:
    """A path as it was typed. An empty one, like an unset variable's in a script, would mean the present folder."""
    if not text.strip():
        raise typer.BadParameter("the name is empty.")
    return Path(text)


Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="The library's folder (or LORASTUDIO_HOME).",
        show_default=False,
        metavar="FOLDER",
        parser=given_path,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout; words for people go to stderr.")]


class Session:
    """One call of the program.

    Results go to stdout: as JSON, one object a line, or as text and tables for people. Everything that is
    no result (warnings, progress) goes to stderr.
    """

    def __init__(self, home: Path | None, as_json_lines: bool) -> None:
        self.home = _usable(expanded(home) if home else application_home())
        self.json = as_json_lines
        self.out = PlainConsole(soft_wrap=True, width=None if sys.stdout.isatty() else PIPED_WIDTH)
        self.err = PlainConsole(stderr=True, soft_wrap=True)
        self.cancel = CancelToken()

    @contextmanager
    def reading(self) -> Iterator[Library]:
        """The library for looking at; works beside a running writer."""
        with Library.open(self.home, write=False) as library:
            yield library

    @contextmanager
    def writing(self, verb: str) -> Iterator[Library]:
        """The library for changing; mends what a crash left, and tells when it had to."""
        with open_for_work(self.home, verb) as (library, mended):
            for line in mended:
                self.note(line)
            with self.stoppable():
                yield library

    @contextmanager
    def servers(self, library: Library) -> Iterator[LocalServers]:
        """The servers that work needs. A key that no keychain holds is asked for, once a call of the program."""
        with LocalServers(library, ask_key=self._ask_key) as servers:
            yield servers

    def read_key(self, prompt: str) -> str:
        """One line of stdin, not shown when it is typed; UsageError when there is none."""
        return read_key(prompt, self.cancel)

    def result(self, record: Any, show: Callable[[Console], None]) -> None:
        """Print one result: as one JSON object, or by `show` for people."""
        if self.json:
            self.print_json(record)
        else:
            show(self.out)

    def print_json(self, record: Any) -> None:
        sys.stdout.write(json_line(as_json(record)))
        sys.stdout.flush()

    def note(self, text: str) -> None:
        """Words for a person beside the result."""
        self.err.print(text)

    def warn(self, text: str) -> None:
        self.err.print(f"Warning: {text}", style="yellow")

    def stream(self, events: Iterator[Event]) -> Iterator[Event]:
        """Pass events on; in JSON every event is a line on stdout."""
        for event in events:
            if self.json:
                self.print_json(as_record(event))
            yield event

    def _ask_key(self, endpoint: Endpoint) -> str:
        return self.read_key(f"Key of {endpoint.name}, which no keychain of this system holds")

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Ctrl-C, SIGTERM and a closed terminal ask the work to stop and keep; a second one ends it at once.

        Under nohup, which ignores the closed terminal, the work goes on.
        """

        def ask(number: int, frame: FrameType | None) -> None:
            if self.cancel.cancelled:
                raise KeyboardInterrupt
            # Straight to the file: a signal comes in the middle of anything, a print by rich among it.
            with suppress(OSError):
                os.write(STDERR, STOPPING.encode())
            self.cancel.cancel()

        wanted = [number for number in STOPS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, ask) for number in wanted}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _usable(home: Path) -> Path:
    """The home, unless a file is where a folder must be: reading would take that for an empty library."""
    nearest = next(place for place in (home, *home.parents) if place.exists())
    if not nearest.is_dir():
        raise UsageError(f"The library can't be in {home}: {nearest} is a file.", "Choose another folder.")
    return home


def table(*columns: str) -> Table:
    """An empty table in the program's look; a column named with a leading ">" is aligned to the right."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        right = column.startswith(">")
        made.add_column(column.removeprefix(">"), justify="right" if right else "left", overflow="fold")
    return made


def model_name(version: int | None) -> str:
    """A version in words; None is the bare base model."""
    return "the bare base model" if version is None else f"version {version}"


def counted(count: int, noun: str) -> str:
    """A count with its noun, like "1 pair" and "2 pairs"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def figure(value: float | None, digits: int = 3) -> str:
    """A number for a table; a dash when there is none."""
    return "–" if value is None else f"{value:.{digits}f}"
