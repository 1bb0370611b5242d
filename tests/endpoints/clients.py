"""Clients that don't wait long."""

from __future__ import annotations

from typing import Any

from lorastudio.domain.endpoint import Endpoint, Role
from lorastudio.endpoints.client import ChatClient
from lorastudio.endpoints.retry import RetryPolicy

QUICK = RetryPolicy(attempts=3, first_s=0.01, cap_s=0.02, asked_cap_s=0.05)


def client_for(url: str, key: str | None = None, policy: RetryPolicy = QUICK, **fields: Any) -> ChatClient:
    chosen: dict[str, Any] = {"model": "tiny", "connect_timeout_s": 2.0, "idle_timeout_s": 5.0} | fields
    return ChatClient(Endpoint("desk", Role.WRITER, url, **chosen), key, policy=policy)
