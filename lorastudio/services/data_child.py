"""Data work as a child process, so that it computes beside the window and not in its turn, and can be killed.

One order on stdin:

- `{"type": "import", "home": TEXT, "paths": [TEXT], "options": {…}}` (as `ImportOptions.as_record`); the parent has the
  library open for writing and lends it,
- `{"type": "clean", "home": TEXT, "look": TEXT, "words_only": bool, "key": TEXT | null}`: a look over the pairs
  (`cleaning.looks.LookName`); the library is lent too, and `key` is the embedder's where no keychain holds it,
- `{"type": "download", "model": TEXT, "plan_only": bool, "endpoint": TEXT, "cache": TEXT, "token": TEXT | null}`.

It answers `{"type": "hello", "protocol": 1, "pid": int}` at once, then `{"type": "event", "record": {…}}` for every
event, and at last `done` or `failed`.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import BugError
from lorastudio.domain.events import Event, as_record
from lorastudio.processes.lifeline import Lifeline, failure
from lorastudio.training.protocol import PROTOCOL


def run_data_child() -> int:
    """Work as the parent orders; returns the exit code, 1 after a failure."""
    lifeline = Lifeline()
    lifeline.send({"type": "hello", "protocol": PROTOCOL, "pid": os.getpid()})
    order = lifeline.next_order()
    if order is None:
        return 0
    try:
        for event in _events(order, lifeline.cancel):
            lifeline.send({"type": "event", "record": as_record(event)})
    except Exception as error:  # the last line of the child: the parent is told whatever went wrong
        lifeline.send(failure(error, traceback.format_exc()))
        return 1
    lifeline.send({"type": "done"})
    return 0


def _events(order: dict[str, Any], cancel: CancelToken) -> Iterator[Event]:
    kind = order.get("type")
    if kind == "import":
        return _import(order, cancel)
    if kind == "clean":
        return _clean(order, cancel)
    if kind == "download":
        return _download(order, cancel)
    raise BugError(f"A data process was ordered to {kind!r}, which it can't.")


# Each kind of work is spared the other's libraries.


def _import(order: dict[str, Any], cancel: CancelToken) -> Iterator[Event]:
    from lorastudio.services.import_options import ImportOptions
    from lorastudio.services.importing import import_files
    from lorastudio.store.library import Library

    paths = [Path(path) for path in order["paths"]]
    with Library.open_lent(Path(order["home"])) as library:
        options = ImportOptions.from_record(order["options"])
        yield from import_files(library, paths, options=options, cancel=cancel)


def _clean(order: dict[str, Any], cancel: CancelToken) -> Iterator[Event]:
    from lorastudio.services.cleaning.looks import LookName, look
    from lorastudio.services.servers import LocalServers, missing_key
    from lorastudio.store.library import Library

    key: str | None = order["key"]
    with (
        Library.open_lent(Path(order["home"])) as library,
        LocalServers(library, ask_key=missing_key if key is None else lambda _: key) as servers,
    ):
        yield from look(library, servers, LookName(order["look"]), words_only=order["words_only"], cancel=cancel)


def _download(order: dict[str, Any], cancel: CancelToken) -> Iterator[Event]:
    from lorastudio.hub.cache import HubCache
    from lorastudio.hub.client import HubClient
    from lorastudio.hub.download import Download
    from lorastudio.hub.model import hub_model

    client = HubClient(order["endpoint"], order["token"], cancel)
    download = Download(client, HubCache(Path(order["cache"])), hub_model(order["model"]), cancel)
    return download.plan() if order["plan_only"] else download.run()
