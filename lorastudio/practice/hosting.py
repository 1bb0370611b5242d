"""Runs an ASGI application on this machine's loopback, in a thread of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import uvicorn
from starlette.types import ASGIApp

from lorastudio.domain.errors import BugError, KnownError

LOOPBACK = "127.0.0.1"


@contextmanager
def hosted(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serve `app` during the block, which gets its URL; `port` 0 takes any free one.

    KnownError when the port is taken. Answers that are still under way at the end are broken off.
    """
    with closing(_bind(port)) as listener:
        url = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        server = _Announcing(app)
        thread = threading.Thread(target=server.serve_on, args=(listener,), name="host")
        thread.start()
        try:
            server.settled.wait()
            if not server.started:
                raise BugError("The server ended before it took requests.")
            yield url
        finally:
            server.should_exit = True
            thread.join()


class _Announcing(uvicorn.Server):
    """Sets `settled` when it takes requests, or will never do so."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app, log_config=None, access_log=False, ws="none", lifespan="off", timeout_graceful_shutdown=0
            )
        )
        self.settled = threading.Event()

    def serve_on(self, listener: socket.socket) -> None:
        try:
            self.run(sockets=[listener])
        finally:
            self.settled.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()


def _bind(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError as error:
        listener.close()
        raise KnownError(
            f"Port {port} of this machine can't be used: {error.strerror}.", "Choose another port, or 0 for a free one."
        ) from error
    return listener
