"""The practice critic as an OpenAI-compatible server, with bad manners to order."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lorastudio.domain.errors import UsageError
from lorastudio.practice.chat import (
    ChatReply,
    ChatRequest,
    as_completion,
    as_error,
    as_events,
    compose,
    model_list,
    read_request,
)
from lorastudio.practice.delivery import Delivery, Ending
from lorastudio.practice.manners import ActiveManners, Manner, Manners, parse_manners
from lorastudio.practice.replies import reply_to
from lorastudio.practice.tastes import Taste
from lorastudio.practice.wording import word

MANNERS_HEADER = "X-Practice-Manners"
MAX_BODY_BYTES = 4 << 20
# A whole answer that is not streamed is sent in pieces of this size where its pace matters.
PIECE_BYTES = 16
SLOW_DRIP_PAUSE_S = 0.05
WRONG_USAGE = {"prompt_tokens": -7, "completion_tokens": "many", "total_tokens": None}


def create_app(manners: Manners | None = None, *, taste: Taste = Taste.HONEST, token: str | None = None) -> Starlette:
    """The server. Requests need `token` as bearer when there is one.

    `GET /practice/calls` counts the chat requests since the start: how many, by status, by kind of reply, and
    by key (a hash of the messages, so that a repeated request is seen). A request's header
    X-Practice-Manners stands in for the server's manners; its counts run over the requests with that header.
    """
    critic = _Critic(manners or Manners(), taste, token)
    return Starlette(
        routes=[
            Route("/health", critic.health),
            Route("/v1/models", critic.models),
            Route("/v1/chat/completions", critic.complete, methods=["POST"]),
            Route("/practice/calls", critic.calls),
        ]
    )


class _Critic:
    """The handlers and what they count. All run on one event loop, so nothing needs a lock."""

    def __init__(self, manners: Manners, taste: Taste, token: str | None) -> None:
        self._manners = manners
        self._taste = taste
        self._token = token
        self._statuses: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._keys: Counter[str] = Counter()
        self._uses_of_manners: Counter[str | None] = Counter()

    async def health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def models(self, request: Request) -> Response:
        return self._refuse_stranger(request) or Response(model_list(), media_type="application/json")

    async def calls(self, request: Request) -> Response:
        counts = {"statuses": dict(self._statuses), "kinds": dict(self._kinds), "keys": dict(self._keys)}
        return JSONResponse({"requests": self._statuses.total(), **counts})

    async def complete(self, request: Request) -> Response | Delivery:
        answer = self._refuse_stranger(request) or await self._answer(request)
        self._statuses[str(answer.status_code if isinstance(answer, Response) else 200)] += 1
        return answer

    def _refuse_stranger(self, request: Request) -> Response | None:
        offered = request.headers.get("authorization", "").encode()
        if self._token is None or hmac.compare_digest(offered, f"Bearer {self._token}".encode()):
            return None
        return _error(401, "The key is missing or wrong.", "invalid_api_key")

    async def _answer(self, request: Request) -> Response | Delivery:
        try:
            chat = read_request(await _read_body(request))
            manners = self._next_manners(request.headers.get(MANNERS_HEADER))
            key = _key_of(chat.messages)
            self._keys[key] += 1
            if Manner.TOO_MANY_REQUESTS in manners:
                wait_s = manners.value(Manner.TOO_MANY_REQUESTS, usual=0)
                return _error(429, "Too many requests.", "rate_limit_error", {"Retry-After": f"{wait_s:g}"})
            if Manner.SERVER_ERROR in manners:
                return _error(500, "Something went wrong on purpose.", "server_error")
            return _deliver(self._compose(chat, key, manners), chat, manners)
        except UsageError as error:
            return _error(400, str(error), "invalid_request_error")

    def _next_manners(self, header: str | None) -> ActiveManners:
        manners = self._manners if header is None else parse_manners(header)
        self._uses_of_manners[header] += 1
        return manners.at(self._uses_of_manners[header] - 1)

    def _compose(self, chat: ChatRequest, key: str, manners: ActiveManners) -> ChatReply:
        reply = reply_to(chat.messages, self._taste)
        self._kinds[reply.kind] += 1
        composed = compose(f"chatcmpl-{key}", chat, word(reply, chat.response_format, manners))
        if Manner.NO_USAGE in manners:
            return replace(composed, usage=None)
        return replace(composed, usage=WRONG_USAGE) if Manner.WRONG_USAGE in manners else composed


def _deliver(reply: ChatReply, chat: ChatRequest, manners: ActiveManners) -> Delivery:
    drips = Manner.SLOW_DRIP in manners
    pause_s = manners.value(Manner.SLOW_DRIP, usual=SLOW_DRIP_PAUSE_S) if drips else 0.0
    ending = Ending.STALLED if Manner.STALL in manners else Ending.WHOLE
    if Manner.DROPPED_STREAM in manners:
        ending = Ending.DROPPED
    if chat.stream:
        events = list(as_events(reply, include_usage=chat.include_usage))
        return Delivery(events, "text/event-stream", pause_s, ending)
    body = as_completion(reply)
    in_pieces = drips or ending is Ending.DROPPED
    pieces = [body[at : at + PIECE_BYTES] for at in range(0, len(body), PIECE_BYTES)] if in_pieces else [body]
    return Delivery(pieces, "application/json", pause_s, ending)


async def _read_body(request: Request) -> bytes:
    """The whole body; UsageError as soon as it is longer than the limit."""
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > MAX_BODY_BYTES:
            raise UsageError(f"The request is longer than {MAX_BODY_BYTES >> 20} MiB.")
    return bytes(body)


def _key_of(messages: Sequence[Mapping[str, Any]]) -> str:
    return hashlib.sha256(json.dumps(messages, sort_keys=True).encode()).hexdigest()[:16]


def _error(status: int, message: str, kind: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(as_error(message, kind), status, headers, media_type="application/json")
