"""A hub with one small model, and downloads from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.endpoints.retry import RetryPolicy
from lorastudio.hub.cache import HubCache
from lorastudio.hub.client import HubClient
from lorastudio.hub.download import Download
from lorastudio.hub.model import hub_model
from tests.fake_hub import FakeHub, fake_hub
from tests.hub.small_model import NAME, small_model

Downloads = Callable[..., Download]


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with fake_hub({NAME: small_model()}) as running:
        yield running


@pytest.fixture
def cache(tmp_path: Path) -> HubCache:
    return HubCache(tmp_path / "cache")


@pytest.fixture
def download(hub: FakeHub, cache: HubCache) -> Downloads:
    """Make a download of a model of the hub, by default of the small one, whose retries do not wait."""

    def make(name: str = NAME, *, token: str | None = None, cancel: CancelToken | None = None) -> Download:
        cancel = cancel or CancelToken()
        policy = RetryPolicy(attempts=3, first_s=0.001, asked_cap_s=0.001)
        return Download(HubClient(hub.url, token, cancel), cache, hub_model(name), cancel, policy)

    return make
