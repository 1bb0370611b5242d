from __future__ import annotations

import httpx
import pytest

from lorastudio.domain.errors import KnownError
from lorastudio.practice.hosting import hosted
from lorastudio.practice.server import create_app


def test_serves_during_the_block_alone() -> None:
    with hosted(create_app()) as url:
        assert httpx.get(f"{url}/health").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health")


def test_a_taken_port_is_named() -> None:
    with hosted(create_app()) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(KnownError, match=str(port)), hosted(create_app(), port):
            pass


def test_a_port_can_be_used_again_at_once() -> None:
    with hosted(create_app()) as url:
        httpx.get(f"{url}/health")
        port = int(url.rpartition(":")[2])
    with hosted(create_app(), port) as again:
        assert again == url
