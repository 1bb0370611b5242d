"""Sends an answer over the wire, whole or the way a bad server does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from starlette.types import Receive, Scope, Send


class Ending(Enum):
    """What becomes of an answer after its first half."""

    WHOLE = "whole"
    DROPPED = "dropped"
    STALLED = "stalled"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An ASGI response that sends its pieces one by one, `pause_s` apart.

    A dropped answer closes the connection half-way; a stalled one falls silent half-way and waits until
    the client leaves or the server ends. A stalled answer of one piece does not even begin.
    """

    pieces: Sequence[bytes]
    media_type: str
    pause_s: float = 0.0
    ending: Ending = Ending.WHOLE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        whole = self.ending is Ending.WHOLE
        pieces = self.pieces if whole else self.pieces[: len(self.pieces) // 2]
        if whole or pieces:
            await send({"type": "http.response.start", "status": 200, "headers": self._headers()})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(self.pause_s)
        if self.ending is Ending.STALLED:
            while (await receive())["type"] != "http.disconnect":
                continue
        elif whole:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _headers(self) -> list[tuple[bytes, bytes]]:
        headers = [(b"content-type", self.media_type.encode()), (b"cache-control", b"no-store")]
        if self.media_type != "text/event-stream":
            headers.append((b"content-length", str(sum(map(len, self.pieces))).encode()))
        return headers
