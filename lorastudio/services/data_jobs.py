"""Data work driven from here and done in a child process: the same events, none of the computing and waiting."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.download_events import DownloadDone, DownloadPlanned, DownloadProgressed
from lorastudio.domain.errors import BugError, Cancelled, ImportFileError, KnownError, UsageError
from lorastudio.domain.events import Event, Progressed, Warned
from lorastudio.processes.child import Child
from lorastudio.services.cleaning.events import DuplicatesFound, TopicsFound, TranslationsFound
from lorastudio.services.import_options import ImportOptions
from lorastudio.services.import_report import ImportFinished, ImportReport
from lorastudio.store.library import Library

POLL_S = 0.1
CANCEL_LIMIT_S = 10.0
LOG_FILE = "data.log"
# Events whose fields are plain JSON.
PLAIN_EVENTS = (
    Progressed, Warned, DownloadPlanned, DownloadProgressed, DownloadDone,
    DuplicatesFound, TopicsFound, TranslationsFound,
)  # fmt: skip


def import_apart(
    library: Library, paths: Sequence[Path], *, options: ImportOptions | None = None, cancel: CancelToken
) -> Iterator[Event]:
    """`importing.import_files` in a child: its events, its errors; the last event is `ImportFinished`."""
    order = {
        "type": "import",
        "home": str(library.home),
        "paths": [str(path.absolute()) for path in paths],
        "options": (options or ImportOptions()).as_record(),
    }
    ended = KnownError("The process that reads the files ended", "Nothing was imported.")
    yield from events_apart(library.home / "logs", order, ended, cancel)


def look_apart(
    library: Library, name: str, *, words_only: bool = False, key: str | None = None, cancel: CancelToken
) -> Iterator[Event]:
    """`cleaning.looks.look` in a child, by the name of a `LookName`: its events, its errors."""
    order = {"type": "clean", "home": str(library.home), "look": name, "words_only": words_only, "key": key}
    ended = KnownError("The process that compares the pairs ended", "Look again; nothing was changed.")
    yield from events_apart(library.home / "logs", order, ended, cancel)


def events_apart(logs: Path, order: dict[str, Any], ended: KnownError, cancel: CancelToken) -> Iterator[Event]:
    """The events of one order to a data child (`data_child` tells which there are), its failure as an error.

    `ended` says, without a full stop, what is lost when the child ends in the middle. A child that is asked to stop and
    does not is killed: whatever it works on survives that.
    """
    logs.mkdir(parents=True, exist_ok=True)
    with Child("data", log=logs / LOG_FILE) as child:
        child.send(order)
        for message in _messages(child, ended, cancel):
            if message["type"] == "event":
                yield _event(message["record"])


def _messages(child: Child, ended: KnownError, cancel: CancelToken) -> Iterator[dict[str, Any]]:
    """The child's messages up to `done`; its failure is raised here."""
    give_up_at: float | None = None
    while True:
        if cancel.cancelled and give_up_at is None:
            child.cancel()
            give_up_at = time.monotonic() + CANCEL_LIMIT_S
        if give_up_at is not None and time.monotonic() > give_up_at:
            child.kill()
        try:
            message = child.receive(POLL_S)
        except queue.Empty:
            continue
        if message is None:
            cancel.check()
            raise KnownError(f"{ended.message}: {child.explain_end()}", ended.hint)
        if message["type"] == "failed":
            _raise_failure(message)
        if message["type"] == "done":
            return
        yield message


def _raise_failure(message: dict[str, Any]) -> NoReturn:
    words, hint = str(message.get("message", "")), str(message.get("hint", ""))
    if message.get("kind") == Cancelled.__name__:
        raise Cancelled
    if message.get("kind") == ImportFileError.__name__:
        raise ImportFileError(words, hint)
    if message.get("kind") == UsageError.__name__:
        raise UsageError(words, hint)
    if message.get("known"):
        raise KnownError(words, hint)
    raise BugError(f"{words}\n{message.get('traceback', '')}".strip())


def _event(record: dict[str, Any]) -> Event:
    """The event that `as_record` made the record of."""
    fields = {name: value for name, value in record.items() if name != "event"}
    makers: dict[str, Callable[..., Event]] = {
        **{kind.event: kind for kind in PLAIN_EVENTS},
        ImportFinished.event: _import_finished,
    }
    if record["event"] not in makers:
        raise BugError(f"The data process told of {record['event']!r}, which nobody here knows.")
    return makers[record["event"]](**fields)


def _import_finished(report: dict[str, Any]) -> ImportFinished:
    return ImportFinished(ImportReport.from_record(report))
