"""A chat server that takes the same time for every answer, in a process of its own: LATENCY_S DELTAS.

Prints its address. Every answer is streamed in DELTAS pieces over LATENCY_S seconds. As writer it numbers its drafts
(a revision is one more than the draft that it is shown), as critic it scores by that number, as judge it prefers the
higher one. `GET /served` tells how many answers it has finished and the seconds that they took together.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sys
import time
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from lorastudio.domain.fencing import unfence

NUMBER = re.compile(r"Draft (\d+):")
CRITERIA = ("correct", "complete", "clear", "sourced", "register")


def number_of(text: str | None) -> int:
    found = NUMBER.search(text or "")
    return int(found.group(1)) if found else 0


def answer_to(prompt: str) -> str:
    first, second = unfence(prompt, "answer-a"), unfence(prompt, "answer-b")
    if first is not None:
        return json.dumps({"winner": "a" if number_of(first) > number_of(second) else "b"})
    draft = unfence(prompt, "draft")
    if prompt.startswith("You are a critic"):
        score = min(3, number_of(draft))
        issue = {"criterion": "clear", "message": "Say more.", "quote": "", "severe": False}
        return json.dumps({"scores": dict.fromkeys(CRITERIA, score), "issues": [issue], "abstain": False})
    number = number_of(draft) + 1
    return f"Draft {number}: " + " ".join(f"word{number * 1000 + place}" for place in range(60))


class Server:
    def __init__(self, latency_s: float, deltas: int) -> None:
        self.latency_s = latency_s
        self.deltas = deltas
        self.served = 0
        self.busy_s = 0.0

    async def chat(self, request: Request) -> StreamingResponse:
        started = time.monotonic()
        body = await request.json()
        text = answer_to(body["messages"][-1]["content"])
        return StreamingResponse(self.stream(text, started), media_type="text/event-stream")

    async def stream(self, text: str, started: float) -> AsyncIterator[bytes]:
        """The pieces, each at its time from the start, so that sleeping late adds nothing up."""
        size = -(-len(text) // self.deltas)
        for place in range(self.deltas):
            piece = text[place * size : (place + 1) * size]
            if self.latency_s:
                await asyncio.sleep(max(0.0, started + self.latency_s * (place + 1) / self.deltas - time.monotonic()))
            yield b"data: " + json.dumps({"choices": [{"delta": {"content": piece}}]}).encode() + b"\n\n"
        usage = {"prompt_tokens": 100, "completion_tokens": self.deltas}
        yield b"data: " + json.dumps({"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": usage}).encode()
        yield b"\n\ndata: [DONE]\n\n"
        self.served += 1
        self.busy_s += time.monotonic() - started

    async def tell(self, _: Request) -> JSONResponse:
        return JSONResponse({"served": self.served, "busy_s": self.busy_s})


def main(latency_s: float, deltas: int) -> None:
    server = Server(latency_s, deltas)
    routes = [Route("/v1/chat/completions", server.chat, methods=["POST"]), Route("/served", server.tell)]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        config = uvicorn.Config(Starlette(routes=routes), log_level="error", access_log=False)
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
