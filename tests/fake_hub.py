"""A hub on the loopback: its API, its redirects to a second address that gives the large files, and its bad days."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

PIECE_BYTES = 1 << 14
COMMIT = "a1" * 20
TOKEN = "hf_right"


@dataclass
class FakeModel:
    """A repository; `revisions` are what its branches and tags mean. Files in safetensors are stored apart."""

    files: dict[str, bytes]
    revisions: dict[str, str] = field(default_factory=lambda: {"main": COMMIT})
    gated: bool = False
    private: bool = False
    told_sizes: dict[str, int] = field(default_factory=dict)  # where the listing lies

    @classmethod
    def of(cls, folder: Path) -> FakeModel:
        """A repository with the files of a folder."""
        return cls({file.name: file.read_bytes() for file in folder.iterdir()})

    def listing(self, commit: str) -> dict[str, Any]:
        return {"sha": commit, "siblings": [self._entry(name, content) for name, content in self.files.items()]}

    def _entry(self, name: str, content: bytes) -> dict[str, Any]:
        size = self.told_sizes.get(name, len(content))
        blob = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
        entry: dict[str, Any] = {"rfilename": name, "size": size, "blobId": blob}
        if name.endswith(".safetensors"):
            entry["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": size, "pointerSize": 134}
        return entry


@dataclass(frozen=True)
class Asked:
    """One request: of which server, for what, from which byte on, with which token."""

    server: str
    path: str
    begin: int
    token: str | None


@dataclass
class FakeHub:
    """Where it is, what it was asked, how many bytes it gave of each file, and how it misbehaves.

    `refusals` answer the next requests whose path holds their text; `cuts` break a file's next answer off after so
    many bytes; `short` ends every answer there, cleanly; `holds` keeps it open in silence there, until `release`;
    `changed` gives other content than was listed.
    """

    models: dict[str, FakeModel]
    asked: list[Asked] = field(default_factory=list)
    given: Counter[str] = field(default_factory=Counter)
    refusals: list[tuple[str, int, dict[str, str]]] = field(default_factory=list)
    cuts: dict[str, list[int]] = field(default_factory=dict)
    short: dict[str, int] = field(default_factory=dict)
    holds: dict[str, int] = field(default_factory=dict)
    changed: dict[str, bytes] = field(default_factory=dict)
    raw_listing: bytes = b""  # in place of every listing
    knows_ranges: bool = True
    pause_s: float = 0.0
    url: str = ""
    store_url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    released: threading.Event = field(default_factory=threading.Event)

    def release(self) -> None:
        """Let answers that are held go on, and hold none from now on."""
        self.holds.clear()
        self.released.set()

    def paths(self, server: str = "") -> list[str]:
        return [asked.path for asked in self.asked if server in ("", asked.server)]

    def refusal(self, path: str) -> tuple[int, dict[str, str]] | None:
        with self.lock:
            for refusal in self.refusals:
                if refusal[0] in path:
                    self.refusals.remove(refusal)
                    return refusal[1:]
        return None


@contextmanager
def fake_hub(models: Mapping[str, FakeModel]) -> Iterator[FakeHub]:
    """A hub with `models` by "owner/name"; nothing of it is alive after the block."""
    hub = FakeHub(dict(models))
    listeners = [_Listener(hub, name) for name in ("hub", "store")]
    hub.url, hub.store_url = (f"http://127.0.0.1:{listener.server_address[1]}" for listener in listeners)
    threads = [threading.Thread(target=listener.serve_forever, args=(0.01,)) for listener in listeners]
    for thread in threads:
        thread.start()
    try:
        yield hub
    finally:
        hub.release()
        for listener, thread in zip(listeners, threads, strict=True):
            listener.shutdown()
            thread.join()
            listener.server_close()


class _Listener(ThreadingHTTPServer):
    """The hub itself, or the store that it sends large files' readers to."""

    daemon_threads = False

    def __init__(self, hub: FakeHub, name: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = hub
        self.name = name

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    protocol_version = "HTTP/1.1"

    @property
    def hub(self) -> FakeHub:
        return self.server.hub

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        token = (self.headers["Authorization"] or "").removeprefix("Bearer ") or None
        self.begin = int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        with self.hub.lock:
            self.hub.asked.append(Asked(self.server.name, path, self.begin, token))
        self.close_connection = True
        with suppress(ConnectionError):
            if refusal := self.hub.refusal(path):
                self._refuse(*refusal)
            elif self.server.name == "store":
                _, _, model, name = path.split("/", 3)
                self._give(name, self.hub.models[model.replace("~", "/")].files[name])
            elif path.startswith("/api/models/"):
                self._list(path, token)
            else:
                self._resolve(path, token)

    def log_message(self, *_: Any) -> None:
        """Tests are quiet."""

    def _list(self, path: str, token: str | None) -> None:
        repository, _, revision = path.removeprefix("/api/models/").partition("/revision/")
        model = self.hub.models.get(repository)
        if self.hub.raw_listing:
            self._send(200, self.hub.raw_listing, {})
        elif model is None or (model.private and token != TOKEN):
            self._refuse(404 if token else 401, {"X-Error-Code": "RepoNotFound"})
        elif (commit := _commit(model, revision)) is None:
            self._refuse(404, {"X-Error-Code": "RevisionNotFound"})
        else:
            self._send(200, json.dumps(model.listing(commit)).encode(), {"Content-Type": "application/json"})

    def _resolve(self, path: str, token: str | None) -> None:
        owner, name, _, revision, file = path.strip("/").split("/", 4)
        model = self.hub.models[f"{owner}/{name}"]
        if model.gated and token != TOKEN:
            self._refuse(403 if token else 401, {"X-Error-Code": "GatedRepo"})
        elif _commit(model, revision) is None or file not in model.files:
            self._refuse(404, {"X-Error-Code": "EntryNotFound"})
        elif file.endswith(".safetensors"):
            self._refuse(302, {"Location": f"{self.hub.store_url}/store/{owner}~{name}/{file}?signature=x"})
        elif "resolve-cache" not in self.path and file.endswith(".txt"):
            self._refuse(307, {"Location": f"{self.path}?resolve-cache"})
        else:
            self._give(file, model.files[file])

    def _give(self, name: str, content: bytes) -> None:
        content = self.hub.changed.get(name, content)[: self.hub.short.get(name)]
        begin = self.begin if self.hub.knows_ranges else 0
        if begin >= len(content) > 0:
            self._refuse(416, {})
            return
        headers = {"Content-Range": f"bytes {begin}-{len(content) - 1}/{len(content)}"} if begin else {}
        self._send(206 if begin else 200, content[begin:], headers, name)

    def _refuse(self, status: int, headers: Mapping[str, str]) -> None:
        self._send(status, b"", headers)

    def _send(self, status: int, content: bytes, headers: Mapping[str, str], name: str = "") -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(content)), "Connection": "close"}.items():
            self.send_header(key, value)
        self.end_headers()
        with self.hub.lock:
            cut = self.hub.cuts[name].pop(0) if self.hub.cuts.get(name) else None
        for place in range(0, len(content), PIECE_BYTES):
            end = min(place + PIECE_BYTES, len(content))
            hold = self.hub.holds.get(name)
            stop = min(end, *(limit for limit in (cut, hold) if limit is not None), len(content))
            if stop > place:
                self.wfile.write(content[place:stop])
                self.hub.given[name] += stop - place
            if cut is not None and stop < end:
                return
            if hold is not None and stop < end:
                self.hub.released.wait()
                return
            self.hub.released.wait(self.hub.pause_s)


def _commit(model: FakeModel, revision: str) -> str | None:
    return revision if revision in model.revisions.values() else model.revisions.get(revision)
