"""A whole model from the hub: sizes first, then the files, then the snapshot that shows them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterator

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.download_events import DownloadDone, DownloadPlanned, DownloadProgressed
from lorastudio.domain.errors import EndpointError, KnownError
from lorastudio.domain.events import Event, Warned
from lorastudio.domain.sizes import size_in_words
from lorastudio.endpoints.retry import RetryPolicy
from lorastudio.hub.cache import HubCache
from lorastudio.hub.client import HubClient
from lorastudio.hub.fetching import Fetcher
from lorastudio.hub.listing import HubFile, Listing, refuse_own_code
from lorastudio.hub.model import HubModel
from lorastudio.hub.patience import Patience

# Left free: a disk that is full to the last byte stops everything else on the machine.
RESERVE_BYTES = 500_000_000
TELL_EVERY_S = 0.2
# The speed is that of the last JUDGE_BY_S, and nobody's guess before there are JUDGE_FROM_S of them.
JUDGE_BY_S = 10.0
JUDGE_FROM_S = 1.0


class Download:
    """The download of `model` into `cache`; may be killed and begun again at any point.

    Nothing but the small config files is fetched by `plan`, and nothing is fetched twice.
    """

    def __init__(
        self,
        client: HubClient,
        cache: HubCache,
        model: HubModel,
        cancel: CancelToken,
        policy: RetryPolicy | None = None,
    ) -> None:
        self._client = client
        self._cache = cache
        self._model = model
        self._cancel = cancel
        self._policy = policy or RetryPolicy()

    def plan(self) -> Iterator[Event]:
        """Look at what would be downloaded; the last event is `DownloadPlanned`."""
        listing = yield from self._listing()
        yield from self._prepare(listing, self._fetcher(listing))

    def run(self) -> Iterator[Event]:
        """Download what is missing; begins as `plan` does, the last event is `DownloadDone`.

        Raises `KnownError` in plain words, before the first byte of the weights when the disk has too little room.
        """
        listing = yield from self._listing()
        fetcher = self._fetcher(listing)
        planned: Event | None = None
        for planned in self._prepare(listing, fetcher):
            yield planned
        if isinstance(planned, DownloadPlanned):
            _refuse_full_disk(planned)
        pace = Pace(listing, self._cache)
        for file in listing.files:
            for told in fetcher.fetch(file):
                if isinstance(told, Warned):
                    yield told
                elif (progress := pace.moved(file, told)) is not None:
                    yield progress
        for file in listing.files:
            self._cache.publish(listing.model, file)
        self._cache.remember(self._model, listing.model)
        folder = self._cache.snapshot_folder(listing.model)
        yield DownloadDone(str(listing.model), str(folder), fetcher.fetched_bytes)

    def _listing(self) -> Generator[Event, None, Listing]:
        patience = Patience(self._policy, self._cancel)
        while True:
            try:
                return self._client.listing(self._model)
            except EndpointError as error:
                yield from patience.after(error)

    def _fetcher(self, listing: Listing) -> Fetcher:
        return Fetcher(self._client, self._cache, listing.model, self._cancel, self._policy)

    def _prepare(self, listing: Listing, fetcher: Fetcher) -> Iterator[Event]:
        """The configs first: they say whether the model can be used, and their refusal whether we may have it."""
        for file in listing.configs:
            for told in fetcher.fetch(file):
                if isinstance(told, Warned):
                    yield told
            refuse_own_code(self._model, file.name, self._cache.blob(listing.model, file).read_bytes())
        yield DownloadPlanned(
            model=str(listing.model),
            files=len(listing.files),
            size_bytes=listing.size_bytes,
            missing_bytes=sum(self._cache.missing_bytes(listing.model, file) for file in listing.files),
            free_bytes=self._cache.free_bytes(),
            folder=str(self._cache.snapshot_folder(listing.model)),
        )


class Pace:
    """Turns sizes of files into progress of the whole, at most every TELL_EVERY_S."""

    def __init__(self, listing: Listing, cache: HubCache) -> None:
        self._model = str(listing.model)
        self._size_bytes = listing.size_bytes
        self._there = {file.name: file.size_bytes - cache.missing_bytes(listing.model, file) for file in listing.files}
        self._marks: deque[tuple[float, int]] = deque()

    def moved(self, file: HubFile, size_bytes: int) -> DownloadProgressed | None:
        """`size_bytes` of the file are there now; None while the last word is fresh and the file not whole."""
        moment = time.monotonic()
        self._there[file.name] = size_bytes
        fresh = bool(self._marks) and moment - self._marks[-1][0] < TELL_EVERY_S
        if fresh and size_bytes < file.size_bytes:
            return None
        done = sum(self._there.values())
        self._marks.append((moment, done))
        while moment - self._marks[0][0] > JUDGE_BY_S:
            self._marks.popleft()
        rate = self._rate()
        left_s = (self._size_bytes - done) / rate if rate else None
        return DownloadProgressed(self._model, file.name, done, self._size_bytes, rate, left_s)

    def _rate(self) -> float | None:
        (first_s, first), (last_s, last) = self._marks[0], self._marks[-1]
        return (last - first) / (last_s - first_s) if last > first and last_s - first_s >= JUDGE_FROM_S else None


def _refuse_full_disk(planned: DownloadPlanned) -> None:
    if planned.missing_bytes and planned.missing_bytes + RESERVE_BYTES > planned.free_bytes:
        raise KnownError(
            f"The disk has too little room: {size_in_words(planned.missing_bytes)} are to be downloaded, "
            f"{size_in_words(planned.free_bytes)} are free, and {size_in_words(RESERVE_BYTES)} must stay free.",
            "Free some space, or set HF_HOME to a folder on another disk.",
        )
