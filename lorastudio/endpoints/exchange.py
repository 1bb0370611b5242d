"""One HTTP exchange with a server, its failures in the program's words."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Endpoint
from lorastudio.domain.errors import EndpointError, UsageError
from lorastudio.endpoints.redaction import shown
from lorastudio.endpoints.retry import RETRYABLE_STATUSES, parse_retry_after
from lorastudio.endpoints.transport import CancellableTransport

MAX_ERROR_BYTES = 64 << 10
MAX_RESPONSE_BYTES = 8 << 20
MAX_ANSWER_S = 3600.0
_USABLE_KEY = re.compile(r"[!-~]+")


class Server:
    """Where and how to reach one server; safe to use from several threads. Never shows the key."""

    def __init__(self, endpoint: Endpoint, base_url: str, key: str | None) -> None:
        self._endpoint = endpoint
        self.base_url = base_url
        if key is not None and not _USABLE_KEY.fullmatch(key):
            raise UsageError(
                f"The key of {endpoint.name!r} holds blanks or characters that can't be sent.", "Enter it again."
            )
        self.key = key
        self._tls = httpx.create_ssl_context() if base_url.startswith("https://") else None

    @property
    def name(self) -> str:
        """The server as the subject of a sentence."""
        return f"The server {self._endpoint.name!r}"

    def __repr__(self) -> str:
        return f"Server({self.base_url!r})"

    @contextmanager
    def exchange(
        self, method: str, path: str, body: Mapping[str, Any] | None, cancel: CancelToken
    ) -> Iterator[Iterator[bytes]]:
        """The body of a successful response, as chunks of at most MAX_RESPONSE_BYTES together.

        Raises EndpointError for whatever goes wrong, also while the body is read, and Cancelled.
        """
        url = self.base_url + path
        try:
            with (
                httpx.Client(
                    transport=CancellableTransport(url, cancel, self._tls),
                    trust_env=False,
                    follow_redirects=False,
                    timeout=httpx.Timeout(self._endpoint.idle_timeout_s, connect=self._endpoint.connect_timeout_s),
                ) as http,
                http.stream(method, url, content=_encode(body), headers=self._headers(body)) as response,
            ):
                if not response.is_success:
                    raise self._refusal(response)
                yield self._capped(response)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError) as error:
            raise self._broken(error) from None
        except httpx.DecodingError:
            raise self._nonsense() from None

    def _headers(self, body: Mapping[str, Any] | None) -> dict[str, str]:
        headers = {"Accept": "text/event-stream, application/json", "Accept-Encoding": "identity"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        return headers

    def _refusal(self, response: httpx.Response) -> EndpointError:
        status = response.status_code
        if 300 <= status < 400:
            place = shown(response.headers.get("location", "nowhere"), self.key)
            return EndpointError(
                f"{self.name} sends us on to {place}, and redirects are not followed: a key must not leave its host.",
                "Enter the new address itself if you trust it.",
                status=status,
            )
        return EndpointError(
            f"{self.name} refused with status {status}{self._words(response)}.",
            _hint(status),
            status=status,
            retryable=status in RETRYABLE_STATUSES,
            retry_after_s=parse_retry_after(response.headers.get("retry-after")),
        )

    def _words(self, response: httpx.Response) -> str:
        """What the server itself says, after a colon; empty when it says nothing readable."""
        read = bytearray()
        for chunk in response.iter_bytes():
            read += chunk
            if len(read) > MAX_ERROR_BYTES:
                break
        text = bytes(read[:MAX_ERROR_BYTES]).decode("utf-8", "replace")
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            record = text
        for name in ("error", "message", "detail"):
            if isinstance(record, dict) and record.get(name):
                record = record[name]
        words = shown(record if isinstance(record, str) else json.dumps(record, ensure_ascii=False), self.key)
        return f": {words.rstrip('.')}" if words else ""

    def _broken(self, error: Exception) -> EndpointError:
        words = shown(str(error), self.key)
        if isinstance(error, httpcore.ConnectError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
            return EndpointError(
                f"{self.name} shows a certificate that can't be trusted: {words}.",
                "Ask its owner for a valid certificate, or use a server on this machine over plain http.",
            )
        if isinstance(error, (httpcore.ConnectError, httpcore.ConnectTimeout)):
            return EndpointError(
                f"{self.name} can't be reached at {self.base_url}: {words or 'no answer in time'}.",
                "Is the server running?",
                retryable=True,
            )
        if isinstance(error, httpcore.TimeoutException):
            return EndpointError(
                f"{self.name} went silent for {self._endpoint.idle_timeout_s:g} s.",
                "It may be overloaded; fewer questions at once can help.",
                retryable=True,
            )
        return EndpointError(f"{self.name} dropped the connection: {words or type(error).__name__}.", retryable=True)

    def _capped(self, response: httpx.Response) -> Iterator[bytes]:
        """The chunks of a body, which may be neither endless nor last for ever."""
        size = 0
        deadline = time.monotonic() + MAX_ANSWER_S
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > MAX_RESPONSE_BYTES:
                raise EndpointError(f"{self.name} sent more than {MAX_RESPONSE_BYTES >> 20} MB and was cut off.")
            if time.monotonic() > deadline:
                raise EndpointError(f"{self.name} took more than {MAX_ANSWER_S / 60:.0f} minutes and was cut off.")
            yield chunk

    def _nonsense(self) -> EndpointError:
        return EndpointError(f"{self.name} sent a body that can't be decoded.", retryable=True)


def _encode(body: Mapping[str, Any] | None) -> bytes | None:
    # ASCII escapes carry lone surrogates of a damaged import, which UTF-8 would refuse.
    return None if body is None else json.dumps(body, allow_nan=False).encode("ascii")


def _hint(status: int) -> str:
    if status in (401, 403):
        return "Check the key of this endpoint."
    if status == 404:
        return "Check the address and the name of the model."
    if status == 429:
        return "The server limits requests; lower the endpoint's concurrency or wait."
    return ""
