"""One file from the hub to the cache: continued where it stopped, tried again when the network fails, verified."""

from __future__ import annotations

from collections.abc import Iterator

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import EndpointError, KnownError
from lorastudio.domain.events import Warned
from lorastudio.domain.sizes import size_in_words
from lorastudio.endpoints.retry import RetryPolicy
from lorastudio.hub.cache import HubCache
from lorastudio.hub.client import HubClient
from lorastudio.hub.listing import HubFile
from lorastudio.hub.model import HubModel
from lorastudio.hub.part import PartFile
from lorastudio.hub.patience import Patience


class Fetcher:
    """Fetches files of one pinned model. `fetched_bytes` counts what came over the network."""

    def __init__(
        self, client: HubClient, cache: HubCache, model: HubModel, cancel: CancelToken, policy: RetryPolicy
    ) -> None:
        self.fetched_bytes = 0
        self._client = client
        self._cache = cache
        self._model = model
        self._cancel = cancel
        self._policy = policy

    def fetch(self, file: HubFile) -> Iterator[int | Warned]:
        """Bring the file into the cache; yields how much of it is there, and what a person should know.

        Attempts are counted anew whenever something came. Raises `EndpointError` when they are used up or there is
        no sense in another, `KnownError` for a full disk and for content that is not what the hub told of.
        """
        if self._cache.holds(self._model, file):
            return
        with PartFile(self._cache.part(self._model, file), file, self._cancel) as part:
            yield part.size_bytes
            yield from self._complete(file, part)
            if part.resumed and not part.is_right():  # a power cut may have left holes in what was there
                part.restart()
                yield from self._complete(file, part)
            if not part.is_right():
                part.restart()
                raise KnownError(
                    f"{file.name} of {self._model} came damaged: its content is not what the hub says it is.",
                    "Download again; a proxy in between may be at fault.",
                )
            part.finish(self._cache.blob(self._model, file))

    def _complete(self, file: HubFile, part: PartFile) -> Iterator[int | Warned]:
        patience = Patience(self._policy, self._cancel)
        while part.size_bytes < file.size_bytes:
            before = self.fetched_bytes
            try:
                yield from self._read_on(file, part)
            except EndpointError as error:
                if self.fetched_bytes > before:
                    patience.renew()
                yield from patience.after(error)

    def _read_on(self, file: HubFile, part: PartFile) -> Iterator[int]:
        """One request; ends when the file is whole."""
        with self._client.content(self._model, file, part.size_bytes) as (begin, pieces):
            if begin == 0 and part.size_bytes:
                part.restart()
            for piece in pieces:
                self.fetched_bytes += len(piece)
                if part.size_bytes + len(piece) > file.size_bytes:
                    part.restart()
                    raise EndpointError(
                        f"The hub sent more of {file.name} than the {file.size_bytes} bytes it told of."
                    )
                part.append(piece)
                yield part.size_bytes
        if part.size_bytes < file.size_bytes:
            raise EndpointError(
                f"{file.name} of {self._model} is cut short: {size_in_words(part.size_bytes)} came of "
                f"{size_in_words(file.size_bytes)}.",
                "What was fetched is kept; download again to go on.",
                retryable=True,
            )
