"""Clients that don't wait long."""

from __future__ import annotations

from typing import Any

from lorastudio.domain.endpoint import Endpoint, Role
from lorastudio.endpoints.client import ChatClient
from lorastudio.endpoints.embeddings import EmbeddingsClient
from lorastudio.endpoints.retry import RetryPolicy

QUICK = RetryPolicy(attempts=3, first_s=0.01, cap_s=0.02, asked_cap_s=0.05)


def client_for(url: str, key: str | None = None, policy: RetryPolicy = QUICK, **fields: Any) -> ChatClient:
    return ChatClient(endpoint_at(url, **fields), key, policy=policy)


def embedder_for(url: str, key: str | None = None, policy: RetryPolicy = QUICK, **fields: Any) -> EmbeddingsClient:
    return EmbeddingsClient(endpoint_at(url, **fields), key, policy=policy)


def endpoint_at(url: str, **fields: Any) -> Endpoint:
    chosen: dict[str, Any] = {"model": "tiny", "connect_timeout_s": 2.0, "idle_timeout_s": 5.0, "role": Role.WRITER}
    return Endpoint("desk", url=url, **(chosen | fields))
