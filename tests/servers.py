"""Chat servers that do exactly what a test tells them, over real HTTP on the loopback."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

EVENTS = {"Content-Type": "text/event-stream"}
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Reply:
    """What is sent back. `pause_s` lies between two pieces; after the last one the connection closes, or with
    `stalls` stays open in silence until the client leaves or the server ends. A `cut` reply closes without the
    end of its chunked body."""

    pieces: Sequence[bytes]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    pause_s: float = 0.0
    stalls: bool = False
    cut: bool = False


@dataclass(frozen=True)
class Request:
    """One request as it came in; `index` counts the chat requests from 0."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    index: int


Script = Callable[[Request], Reply]


class ScriptedServer:
    """Where it is, and what it was asked."""

    def __init__(self, script: Script, models: Sequence[str] | None) -> None:
        self.requests: list[Request] = []
        self.at_once = 0
        self.most_at_once = 0
        self.ending = threading.Event()
        self.lock = threading.Lock()
        self._script = script
        self._models = models
        self.url = ""

    @property
    def chats(self) -> list[Request]:
        """The chat requests so far."""
        return [request for request in self.requests if request.path.endswith("/chat/completions")]

    def reply(self, method: str, path: str, headers: Mapping[str, str], body: dict[str, Any]) -> Reply:
        with self.lock:
            request = Request(method, path, headers, body, len(self.chats))
            self.requests.append(request)
        if path.endswith("/models") and self._models is not None:
            return Reply([json.dumps({"data": [{"id": name} for name in self._models]}).encode()])
        return self._script(request)


@contextmanager
def scripted(
    script: Script, models: Sequence[str] | None = ("tiny",), tls: ssl.SSLContext | None = None
) -> Iterator[ScriptedServer]:
    """A server that lists `models` and answers all else as `script` says, with None the list too; nothing of it is
    alive after the block."""
    server = ScriptedServer(script, models)
    listener = _Listener(("127.0.0.1", 0), _handler(server))
    server.url = f"http://127.0.0.1:{listener.server_address[1]}"
    if tls is not None:
        listener.socket = tls.wrap_socket(listener.socket, server_side=True)
        server.url = f"https://localhost:{listener.server_address[1]}"
    thread = threading.Thread(target=listener.serve_forever, args=(0.01,), name="scripted-server")
    thread.start()
    try:
        yield server
    finally:
        server.ending.set()
        listener.shutdown()
        thread.join()
        listener.server_close()


def events(*texts: str, usage: Any = None, finish: str | None = "stop", done: bool = True) -> list[bytes]:
    """A stream of deltas as a good server sends it."""
    records: list[dict[str, Any]] = [{"choices": [{"delta": {"content": text}}]} for text in texts]
    if finish is not None:
        records.append({"choices": [{"delta": {}, "finish_reason": finish}]})
    if usage is not None:
        records.append({"choices": [], "usage": usage})
    lines = [f"data: {json.dumps(record)}\n\n".encode() for record in records]
    return [*lines, b"data: [DONE]\n\n"] if done else lines


def stream(*texts: str, **options: Any) -> Reply:
    return Reply(events(*texts, **options), headers=EVENTS)


def whole(text: str, usage: Any = None, finish: str = "stop") -> Reply:
    """One JSON object, as for a request that is not streamed."""
    record = {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": finish}], "usage": usage}
    return Reply([json.dumps(record).encode()])


def refusal(status: int, words: str, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply([json.dumps({"error": {"message": words}}).encode()], status, {**JSON, **named})


class _Listener(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave are part of the tests."""


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def log_message(self, *_: Any) -> None:
            """Tests are quiet."""

        def _answer(self, body: dict[str, Any]) -> None:
            with server.lock:
                server.at_once += 1
                server.most_at_once = max(server.most_at_once, server.at_once)
            try:
                self._send(server.reply(self.command, self.path, dict(self.headers), body))
            finally:
                with server.lock:
                    server.at_once -= 1
                self.close_connection = True

        def _send(self, reply: Reply) -> None:
            with suppress(ConnectionError):
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Transfer-Encoding", "chunked")
                self.send_header("Connection", "close")
                self.end_headers()
                for piece in reply.pieces:
                    self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                    self.wfile.flush()
                    if reply.pause_s:
                        server.ending.wait(reply.pause_s)
                if reply.stalls:
                    server.ending.wait()
                if not reply.cut:
                    self.wfile.write(b"0\r\n\r\n")

    return Handler
