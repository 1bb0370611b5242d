"""The engine's HTTP side: OpenAI's chat completions on loopback, behind a token. Contents are never logged."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lorastudio.domain.errors import KnownError
from lorastudio.domain.messages import user
from lorastudio.worker.chat_fields import BadFieldError, ChatFields, parse_chat
from lorastudio.worker.chat_format import ChatShape, error_record
from lorastudio.worker.engine import ChatJob, Engine, EngineFullError, PromptTooLongError, Ticket, Update

BODY_BYTES = 4 << 20
# Tokens of so many seconds leave as one event: a reader with many streams would spend its time on parsing them.
EVENT_S = 0.03
HEALTH_FRESH_S = 10.0
HEALTH_LIMIT_S = 30.0
VERSION_HEADER = "X-Model-Version"


def create_app(engine: Engine, token: str) -> ASGIApp:
    """The application; everything in it needs the token."""
    server = EngineServer(engine)
    routes = [
        Route("/v1/models", server.models),
        Route("/v1/chat/completions", server.chat, methods=["POST"]),
        Route("/health", server.health),
    ]
    return TokenGuard(Starlette(routes=routes, exception_handlers={404: _not_found, 405: _not_found}), token)


class TokenGuard:
    """Lets nobody in who does not know the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"authorization", b"")
        if hmac.compare_digest(given, self._expected):
            await self._app(scope, receive, send)
        else:
            refusal = _error(401, "The token is missing or wrong.", "authentication_error", code="invalid_api_key")
            await refusal(scope, receive, send)


class EngineServer:
    """The endpoints."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def models(self, request: Request) -> Response:
        """Every name that may be asked for; `version` says which version answers under it."""
        names = self._engine.model_names()
        same = {
            "object": "model",
            "created": 0,
            "owned_by": "lorastudio",
            "context_length": self._engine.context_length,
        }
        models = [{"id": name, **same, "version": version} for name, version in names.items()]
        return JSONResponse({"object": "list", "data": models})

    async def health(self, request: Request) -> Response:
        """200 only if a token can be generated now, or was a few seconds ago."""
        if self._engine.idle_s < HEALTH_FRESH_S:
            return JSONResponse({"status": "ok"})
        try:
            async with asyncio.timeout(HEALTH_LIMIT_S), OpenChat(self._engine, "", _health_job()) as chat:
                last = await chat.last_update()
        except (TimeoutError, EngineFullError):
            last = Update(error=TimeoutError())
        if last.error is not None:
            return _error(503, "No token could be generated.", "server_error")
        return JSONResponse({"status": "ok"})

    async def chat(self, request: Request) -> Response:
        """One chat completion, streamed or whole."""
        try:
            fields = parse_chat(await _body(request))
            chat = OpenChat(self._engine, fields.model, fields.job)
        except BadFieldError as error:
            return _error(400, error.message, "invalid_request_error", param=error.field)
        except BodyTooLargeError:
            return _error(413, f"The body has more than {BODY_BYTES} bytes.", "invalid_request_error")
        except UnknownModelError as error:
            return _error(404, error.message, "invalid_request_error", param="model", code="model_not_found")
        except EngineFullError as error:
            return _error(429, str(error), "rate_limit_error", headers={"Retry-After": "1"})
        return ChatResponse(chat, fields)


class UnknownModelError(KnownError):
    """No model of that name is served."""


class BodyTooLargeError(KnownError):
    """The request's body is over the limit."""


class OpenChat:
    """A request that the engine works on. Used as an async context, whose end stops it if it is still running."""

    def __init__(self, engine: Engine, model: str, job: ChatJob) -> None:
        self._engine = engine
        self._updates: asyncio.Queue[Update] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        ticket = engine.open(model or next(iter(engine.model_names())), job, self._hear)
        if ticket is None:
            raise UnknownModelError(f"There is no model called {model!r} here.")
        self.ticket: Ticket = ticket
        self._finished = False

    def _hear(self, update: Update) -> None:
        """Called on the engine's thread."""
        with suppress(RuntimeError):  # the server has stopped
            self._loop.call_soon_threadsafe(self._updates.put_nowait, update)

    async def updates(self) -> AsyncIterator[Update]:
        """Updates to the last one; each holds all that came before it, so those that wait are one."""
        while not self._finished:
            update = await self._updates.get()
            while not self._updates.empty():
                update = self._updates.get_nowait()
            self._finished = update.finish_reason is not None or update.error is not None
            yield update

    async def last_update(self) -> Update:
        last = Update()
        async for update in self.updates():
            last = update
        return last

    async def __aenter__(self) -> OpenChat:
        return self

    async def __aexit__(self, *error: object) -> None:
        if not self._finished:
            self._engine.cancel(self.ticket)


class ChatResponse(Response):
    """Sends an answer as it comes, and stops it when the client goes away."""

    def __init__(self, chat: OpenChat, fields: ChatFields) -> None:
        super().__init__()
        self._chat = chat
        self._fields = fields
        self._shape = ChatShape(chat.ticket.version)
        self._version = {VERSION_HEADER: chat.ticket.version}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._chat:
            answering = asyncio.ensure_future(self._answer(scope, receive, send))
            leaving = asyncio.ensure_future(_until_gone(receive))
            try:
                await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if answering.done():
                    await answering
            finally:
                for task in (answering, leaving):
                    task.cancel()
                await asyncio.gather(answering, leaving, return_exceptions=True)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._fields.job.stream:
            await self._stream(scope, receive, send)
            return
        update = await self._chat.last_update()
        whole = self._failure(update) or JSONResponse(self._shape.completion(update), headers=self._version)
        await whole(scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Server-sent events; the status waits for the first update, so that a refusal is a plain error."""
        sent, sent_tokens, started = "", 0, False
        async for update in self._chat.updates():
            if not started:
                if refusal := self._failure(update):
                    await refusal(scope, receive, send)
                    return
                await send(_stream_start(self._version))
                await send(_event(self._shape.chunk({"role": "assistant", "content": ""})))
                started = True
            if update.error is not None:
                await send(_event(error_record("The answer broke off.", "server_error")))
                break
            tokens = update.tokens[sent_tokens:]
            if len(update.text) > len(sent) or tokens:
                await send(_event(self._shape.chunk({"content": update.text[len(sent) :]}, tokens)))
                sent, sent_tokens = update.text, len(update.tokens)
            if update.finish_reason is None:
                await asyncio.sleep(EVENT_S)
            else:
                await send(_event(self._shape.chunk({}, finish_reason=update.finish_reason)))
                if self._fields.include_usage:
                    await send(_event(self._shape.usage_chunk(update)))
        await send(_event("[DONE]"))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _failure(self, update: Update) -> Response | None:
        """The error response for an update that brings none of an answer."""
        if update.error is None:
            return None
        if isinstance(update.error, PromptTooLongError):
            message, code = update.error.message, "context_length_exceeded"
            return _error(400, message, "invalid_request_error", param="messages", code=code)
        if isinstance(update.error, KnownError):
            return _error(400, update.error.message, "invalid_request_error", param="messages")
        return _error(500, "The answer could not be generated.", "server_error")


async def _body(request: Request) -> bytes:
    """The request's body, read no further than the limit."""
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > BODY_BYTES:
                raise BodyTooLargeError("The body is too large.")
    except ClientDisconnect:
        return b""
    return bytes(body)


async def _until_gone(receive: Receive) -> None:
    """Returns when the client closes the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _not_found(request: Request, error: Exception) -> Response:
    return _error(404, f"There is no {request.method} {request.url.path} here.", "invalid_request_error")


def _health_job() -> ChatJob:
    return ChatJob(user("a"), max_tokens=1)


def _stream_start(headers: dict[str, str]) -> Message:
    all_headers = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"} | headers
    raw = [(name.lower().encode("latin-1"), value.encode("utf-8")) for name, value in all_headers.items()]
    return {"type": "http.response.start", "status": 200, "headers": raw}


def _event(data: Any) -> Message:
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return {"type": "http.response.body", "body": f"data: {text}\n\n".encode("utf-8", "replace"), "more_body": True}


def _error(
    status: int,
    message: str,
    kind: str,
    *,
    param: str | None = None,
    code: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    return JSONResponse(error_record(message, kind, param=param, code=code), status, headers=headers)
