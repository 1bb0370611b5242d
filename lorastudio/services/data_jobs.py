"""Data work driven from here and done in a child process: the same events, none of the computing."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from lorastudio.datasets.rows import Refusal
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import BugError, Cancelled, ImportFileError, KnownError
from lorastudio.domain.events import Event, Progressed, Warned
from lorastudio.processes.child import Child
from lorastudio.services.importing import FileReport, ImportFinished, ImportReport
from lorastudio.store.library import Library

POLL_S = 0.1
LOG_FILE = "data.log"


def import_apart(
    library: Library, paths: Sequence[Path], *, accept: bool = False, cancel: CancelToken
) -> Iterator[Event]:
    """`importing.import_files` in a child: its events, its errors; the last event is `ImportFinished`."""
    logs = library.home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    order = {
        "type": "import",
        "home": str(library.home),
        "paths": [str(path.absolute()) for path in paths],
        "accept": accept,
    }
    with Child("data", log=logs / LOG_FILE) as child:
        child.send(order)
        for message in _messages(child, cancel):
            if message["type"] == "event":
                yield _event(message["record"])


def _messages(child: Child, cancel: CancelToken) -> Iterator[dict[str, Any]]:
    """The child's messages up to `done`; its failure is raised here."""
    asked = False
    while True:
        if cancel.cancelled and not asked:
            child.cancel()
            asked = True
        try:
            message = child.receive(POLL_S)
        except queue.Empty:
            continue
        if message is None:
            cancel.check()
            raise KnownError(f"The process that reads the files ended: {child.explain_end()}", "Nothing was imported.")
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
    if message.get("known"):
        raise KnownError(words, hint)
    raise BugError(f"{words}\n{message.get('traceback', '')}".strip())


def _event(record: dict[str, Any]) -> Event:
    """The event that `as_record` made the record of."""
    fields = {name: value for name, value in record.items() if name != "event"}
    makers: dict[str, Callable[..., Event]] = {
        Progressed.event: Progressed,
        Warned.event: Warned,
        ImportFinished.event: _import_finished,
    }
    if record["event"] not in makers:
        raise BugError(f"The data process told of {record['event']!r}, which nobody here knows.")
    return makers[record["event"]](**fields)


def _import_finished(report: dict[str, Any]) -> ImportFinished:
    files = (
        FileReport(
            **file
            | {
                "refused": tuple(Refusal(**refusal) for refusal in file["refused"]),
                "warnings": tuple(file["warnings"]),
            }
        )
        for file in report["files"]
    )
    return ImportFinished(ImportReport(tuple(files), report["pairs_added"]))
