from __future__ import annotations

import asyncio

import httpx
import pytest

from lorastudio.domain.messages import user
from lorastudio.worker.base_model import BaseModel
from lorastudio.worker.engine import WAITING_REQUESTS, ChatJob, Engine, EngineFullError, EngineSettings
from lorastudio.worker.engine_server import create_app

TOKEN = "a token for tests"


def test_the_queue_is_bounded(base: BaseModel) -> None:
    """The engine's thread is not started here, so every request stays open."""
    engine = Engine(EngineSettings(base.path, "tiny", {}, {"lorastudio": None}, at_once=2))
    for _ in range(WAITING_REQUESTS + 2):
        assert engine.open("tiny", ChatJob(user("b1")), print) is not None
    with pytest.raises(EngineFullError):
        engine.open("tiny", ChatJob(user("b1")), print)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(engine, TOKEN))
        async with httpx.AsyncClient(transport=transport, base_url="http://engine") as client:
            body = {"model": "lorastudio", "messages": [{"role": "user", "content": "b1"}]}
            headers = {"Authorization": f"Bearer {TOKEN}"}
            return await client.post("/v1/chat/completions", json=body, headers=headers)

    full = asyncio.run(ask())
    assert full.status_code == 429 and full.headers["Retry-After"] == "1"
    assert full.json()["error"]["type"] == "rate_limit_error"
