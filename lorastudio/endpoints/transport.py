"""An httpx transport whose reads can be cancelled.

httpx can only time a read out, which breaks the connection; waiting here in short slices lets a blocked read
look at a cancel token without giving up the connection. One transport carries one request: no connection is
kept, because servers close idle ones without a word and a POST on such a connection fails for no fault of its
own, while a new connection costs nothing beside the seconds an answer takes.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, cast

import httpcore
import httpx

from lorastudio.domain.cancel import CancelToken
from lorastudio.endpoints.urls import is_loopback

SLICE_S = 0.1


class CancellableTransport(httpx.BaseTransport):
    """Carries one request. Raises `Cancelled` out of a read, and httpcore's exceptions as they are.

    A proxy that the system names is used for addresses outside this machine.
    """

    def __init__(self, url: str, cancel: CancelToken, tls: ssl.SSLContext | None) -> None:
        backend = _Backend(cancel)
        proxy = system_proxy(url)
        self._pool: httpcore.ConnectionPool
        if proxy is None:
            self._pool = httpcore.ConnectionPool(ssl_context=tls, max_keepalive_connections=0, network_backend=backend)
        else:
            self._pool = httpcore.HTTPProxy(
                proxy_url=proxy, ssl_context=tls, max_keepalive_connections=0, network_backend=backend
            )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=cast(Iterable[bytes], request.stream),
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    def close(self) -> None:
        self._pool.close()


def system_proxy(url: str) -> str | None:
    """The http proxy that the system names for `url`, if any."""
    parts = httpx.URL(url)
    if is_loopback(url) or urllib.request.proxy_bypass(parts.host):
        return None
    return urllib.request.getproxies().get(parts.scheme)


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from cast(Iterable[bytes], self._response.stream)

    def close(self) -> None:
        with closing(self._response):
            return


class _Backend(httpcore.NetworkBackend):
    def __init__(self, cancel: CancelToken) -> None:
        self._cancel = cancel
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        self._cancel.check()
        stream = self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(stream, self._cancel)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, cancel: CancelToken) -> None:
        self._inner = inner
        self._cancel = cancel

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._await_data(timeout)
        return self._inner.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._cancel.check()
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, timeout), self._cancel)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

    def _await_data(self, timeout: float | None) -> None:
        """Wait until a read won't block; `Cancelled` when asked to stop, ReadTimeout after `timeout` seconds."""
        connection: socket.socket = self._inner.get_extra_info("socket")
        waiting = select.poll()
        waiting.register(connection, select.POLLIN)
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            self._cancel.check()
            # TLS may hold decrypted bytes that the socket below no longer shows.
            if isinstance(connection, ssl.SSLSocket) and connection.pending():
                return
            left_s = SLICE_S if deadline is None else min(SLICE_S, deadline - time.monotonic())
            if waiting.poll(max(0.0, left_s) * 1000):
                return
            if deadline is not None and time.monotonic() >= deadline:
                raise httpcore.ReadTimeout(f"no data for {timeout:g} s")
