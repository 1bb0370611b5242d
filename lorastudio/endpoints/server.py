"""One server: exchanges with it over HTTP, and its failures in the program's words."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import httpcore
import httpx

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Endpoint
from lorastudio.domain.errors import EndpointError, UsageError
from lorastudio.endpoints.dialect import dialect_of
from lorastudio.endpoints.listed_model import ListedModel, listed_models
from lorastudio.endpoints.redaction import shown
from lorastudio.endpoints.retry import RETRYABLE_STATUSES, parse_retry_after
from lorastudio.endpoints.transport import CancellableTransport
from lorastudio.endpoints.urls import VERSION_PATH, normalise_url

MAX_ERROR_BYTES = 64 << 10
MAX_RESPONSE_BYTES = 8 << 20
MAX_ANSWER_S = 3600.0
# The field of a request that asks for JSON, as servers name it in their refusals.
FORMAT_FIELD = "response_format"
_USABLE_KEY = re.compile(r"[!-~]+")


class Server:
    """Where and how to reach one server; safe to use from several threads. Never shows the key."""

    def __init__(self, endpoint: Endpoint, key: str | None, base_url: str | None = None) -> None:
        """`base_url` stands in for the endpoint's own address. UsageError for an address or key that can't be used."""
        self._endpoint = endpoint
        self.base_url = normalise_url(base_url or endpoint.url)
        if key is not None and not _USABLE_KEY.fullmatch(key):
            raise UsageError(
                f"The key of {endpoint.name!r} holds blanks or characters that can't be sent.", "Enter it again."
            )
        self.key = key
        self._credentials = dialect_of(endpoint.protocol).credentials(key)
        self._tls = httpx.create_ssl_context() if self.base_url.startswith("https://") else None
        self._lock = threading.Lock()
        self._model = endpoint.model
        self._place_known = False

    @property
    def name(self) -> str:
        """The server as the subject of a sentence."""
        return f"The server {self._endpoint.name!r}"

    @property
    def root(self) -> str:
        """The address above `/v1`, where servers have their own interfaces."""
        return self.base_url.removesuffix(VERSION_PATH)

    def __repr__(self) -> str:
        return f"Server({self.base_url!r})"

    def model(self, cancel: CancelToken) -> str:
        """The model asked for: the endpoint's own, else the first that the server lists."""
        with self._lock:
            if self._model is None:
                listed = self.models(cancel)
                if not listed:
                    raise EndpointError(f"{self.name} lists no model.", "Name the model of this endpoint.")
                self._model = listed[0].name
            return self._model

    def models(self, cancel: CancelToken) -> tuple[ListedModel, ...]:
        """The models that the server lists."""
        return listed_models(self.ask("GET", "/models", None, cancel))

    def ask(
        self, method: str, path: str, body: Mapping[str, Any] | None, cancel: CancelToken, *, above: bool = False
    ) -> Any:
        """The JSON of one whole response; `path` and failures as for `exchange`."""
        with self.exchange(method, path, body, cancel, above=above) as chunks:
            return self.parse(b"".join(chunks).decode("utf-8", "replace"))

    def parse(self, text: str) -> Any:
        """The JSON that the server sent; EndpointError with what came instead."""
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            page = text.lstrip()[:1] == "<"
            what = "a web page" if page else f"no JSON but {shown(text, self.key)!r}"
            raise EndpointError(
                f"{self.name} answered with {what}.",
                "Check the address: it should be that of an OpenAI-compatible server." if page else "",
                status=200,
                retryable=not page,
            ) from None

    @contextmanager
    def exchange(
        self, method: str, path: str, body: Mapping[str, Any] | None, cancel: CancelToken, *, above: bool = False
    ) -> Iterator[Iterator[bytes]]:
        """The body of a successful response, as chunks of at most MAX_RESPONSE_BYTES together.

        `path` lies under the base address, or with `above` under its root. A base address that ends in `/v1` and
        is not known there (404) is tried without it. Raises EndpointError for whatever goes wrong, also while the
        body is read, and Cancelled.
        """
        base = self.root if above else self.base_url
        try:
            with ExitStack() as stack:
                response = self._open(stack, method, base + path, body, cancel)
                if response.status_code == 404 and not above and not self._place_known and base != self.root:
                    elsewhere = self._open(stack, method, self.root + path, body, cancel)
                    if _is_spoken_there(elsewhere):
                        response, self.base_url = elsewhere, self.root
                if not response.is_success:
                    raise self._refusal(response)
                self._place_known = self._place_known or not above
                yield self._capped(response)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError) as error:
            raise self._broken(error) from None
        except httpx.DecodingError:
            raise self._nonsense() from None

    def _open(
        self, stack: ExitStack, method: str, url: str, body: Mapping[str, Any] | None, cancel: CancelToken
    ) -> httpx.Response:
        http = stack.enter_context(
            httpx.Client(
                transport=CancellableTransport(url, cancel, self._tls),
                trust_env=False,
                follow_redirects=False,
                timeout=httpx.Timeout(self._endpoint.idle_timeout_s, connect=self._endpoint.connect_timeout_s),
            )
        )
        return stack.enter_context(http.stream(method, url, content=_encode(body), headers=self._headers(body)))

    def _headers(self, body: Mapping[str, Any] | None) -> httpx.Headers:
        headers = httpx.Headers(self._credentials)
        headers.update(dict(self._endpoint.headers))
        headers.update({"Accept": "text/event-stream, application/json", "Accept-Encoding": "identity"})
        if body is not None:
            headers["Content-Type"] = "application/json"
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
        words = self._words(response)
        return EndpointError(
            f"{self.name} refused with status {status}{words}.",
            _hint(status),
            status=status,
            # llama-cpp-python's server calls a form of answer that it does not know its own failure (500).
            retryable=status in RETRYABLE_STATUSES and FORMAT_FIELD not in words,
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


def _is_spoken_there(response: httpx.Response) -> bool:
    """Whether an address knows what was asked of it: a website answers everything with a page."""
    return response.status_code not in (404, 405) and "html" not in response.headers.get("content-type", "")


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
