"""Asking the hub over HTTP.

Not by huggingface_hub: since 1.18 it begins every file again from zero after a kill and leaves the old beginning
behind (https://github.com/huggingface/huggingface_hub/issues/4196).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import EndpointError, UsageError
from lorastudio.endpoints.redaction import shown
from lorastudio.endpoints.transport import CancellableTransport
from lorastudio.endpoints.urls import is_loopback
from lorastudio.hub.listing import HubFile, Listing, read_listing
from lorastudio.hub.model import HubModel
from lorastudio.hub.refusals import refusal

DEFAULT_ENDPOINT = "https://huggingface.co"
CONNECT_LIMIT_S = 15.0
SILENCE_LIMIT_S = 30.0
MOST_REDIRECTS = 5
MAX_LISTING_BYTES = 64 << 20

_RANGE = re.compile(r"bytes (\d+)-")
_USABLE_TOKEN = re.compile(r"[!-~]+")


class HubClient:
    """The hub at `endpoint`; `token` goes to it alone, never on to where it redirects, and never over plain http."""

    def __init__(self, endpoint: str, token: str | None, cancel: CancelToken) -> None:
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise UsageError(f"HF_ENDPOINT is {endpoint!r}.", f"It should look like {DEFAULT_ENDPOINT}.")
        if token is not None and not _USABLE_TOKEN.fullmatch(token):
            raise UsageError("The access token holds blanks or characters that can't be sent.", "Enter it again.")
        self.endpoint = endpoint.rstrip("/")
        self._private = parts.scheme == "https" or is_loopback(endpoint)
        self._token = token if self._private else None
        self._cancel = cancel
        self._tls = httpx.create_ssl_context()

    def __repr__(self) -> str:
        return f"HubClient({self.endpoint!r})"

    def listing(self, model: HubModel) -> Listing:
        """The commit that the model's revision means now, and the files to take."""
        body = bytearray()
        with self._get(model, model.listing_path) as response:
            for piece in response.iter_bytes():
                body += piece
                if len(body) > MAX_LISTING_BYTES:
                    raise EndpointError(f"The hub's answer about {model} is too large.")
        try:
            record = json.loads(body)
        except (ValueError, RecursionError):
            raise EndpointError(f"The hub's answer about {model} is no JSON.", "Is a proxy in between?") from None
        return read_listing(model, record)

    @contextmanager
    def content(self, model: HubModel, file: HubFile, begin: int) -> Iterator[tuple[int, Iterator[bytes]]]:
        """A file's content: where it begins, which is `begin` or, where the server can't do that, 0; and its pieces.

        Raises `EndpointError` for whatever goes wrong, also while the content is read, and `Cancelled`.
        """
        with self._get(model, model.file_path(file.name), begin) as response:
            at = 0
            if response.status_code == 206:
                found = _RANGE.match(response.headers.get("content-range", ""))
                at = int(found[1]) if found else -1
            if at not in (0, begin):
                raise EndpointError(f"The hub sent another part of {file.name} than the one asked for.", retryable=True)
            yield at, response.iter_bytes()

    @contextmanager
    def _get(self, model: HubModel, path: str, begin: int = 0) -> Iterator[httpx.Response]:
        """The successful response at the end of the redirects."""
        url = self.endpoint + path
        for _ in range(MOST_REDIRECTS):
            with self._request(url, begin) as response:
                if response.is_success:
                    yield response
                    return
                if not response.has_redirect_location:
                    raise refusal(
                        model, self.endpoint, response.status_code, response.headers, has_token=self._token is not None
                    )
                url = self._redirected(url, response.headers["location"])
        raise EndpointError(f"The hub sends us on more than {MOST_REDIRECTS} times.")

    @contextmanager
    def _request(self, url: str, begin: int) -> Iterator[httpx.Response]:
        headers = {"Accept-Encoding": "identity", "User-Agent": "lorastudio"}
        if begin:
            headers["Range"] = f"bytes={begin}-"
        if self._token and _origin(url) == _origin(self.endpoint):
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            with (
                httpx.Client(
                    transport=CancellableTransport(url, self._cancel, self._tls),
                    trust_env=False,
                    follow_redirects=False,
                    timeout=httpx.Timeout(SILENCE_LIMIT_S, connect=CONNECT_LIMIT_S),
                ) as http,
                http.stream("GET", url, headers=headers) as response,
            ):
                yield response
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError) as error:
            raise self._broken(url, error) from None
        except httpx.DecodingError:
            raise EndpointError("The hub sent content that can't be decoded.", retryable=True) from None

    def _redirected(self, url: str, location: str) -> str:
        target = urljoin(url, location)
        parts = urlsplit(target)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise EndpointError(f"The hub sends us on to {shown(target, self._token)}, which is no address.")
        if parts.scheme == "http" and urlsplit(self.endpoint).scheme == "https":
            raise EndpointError(f"The hub sends us on to {parts.hostname} without encryption; that is not followed.")
        return target

    def _broken(self, url: str, error: Exception) -> EndpointError:
        place = urlsplit(url).hostname or url
        words = shown(str(error), self._token) or "no answer in time"
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return EndpointError(
                f"{place} shows a certificate that can't be trusted: {words}.", "Is a proxy in between?"
            )
        if isinstance(error, (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.ProxyError)):
            return EndpointError(
                f"The hub can't be reached at {place}: {words}.",
                "Check this machine's connection to the network, and download again.",
                retryable=True,
            )
        return EndpointError(
            f"The connection to {place} broke off: {words}.",
            "What was fetched is kept; download again to go on.",
            retryable=True,
        )


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
