"""The engine process: serves on loopback until its parent closes our stdin, or asks by SIGTERM."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from lorastudio.domain.errors import KnownError
from lorastudio.processes.lifeline import Lifeline, failure
from lorastudio.worker.engine import Engine, EngineSettings
from lorastudio.worker.engine_server import create_app
from lorastudio.worker.hello import hello

HOST = "127.0.0.1"
BACKLOG = 512
# Below the lifeline's grace, after which the process is ended whatever it does.
FINISH_REQUESTS_S = 3


class LoopbackServer(uvicorn.Server):
    """uvicorn that says when it listens, and ends with exit code 0 on the signals that ask it to."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn's own sends the signal again when all is done, which would end us as if killed."""

        def stop(number: int, frame: FrameType | None) -> None:
            self.should_exit = True

        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def run_engine() -> int:
    """Serve as the parent's first order says; returns the exit code."""
    lifeline = Lifeline()
    lifeline.send(hello())
    order = lifeline.next_order()
    if order is None:
        return 0
    engine = Engine(_settings(order))
    engine.start()
    try:
        engine.ready.result()
        listener = _listen(int(order.get("port", 0)))
    except Exception as error:  # the parent must hear of every way not to start
        lifeline.send(failure(error, traceback.format_exc()))
        engine.stop()  # its thread must have given its streams back before the process ends, or MLX aborts
        return 1
    with listener:
        _serve(engine, listener, str(order["token"]), lifeline)
    engine.stop()
    return 0


def _settings(order: dict[str, Any]) -> EngineSettings:
    return EngineSettings(
        base=Path(order["base"]),
        base_name=str(order["base_name"]),
        adapters={name: Path(path) for name, path in order.get("adapters", {}).items()},
        aliases=dict(order.get("alias", {})),
        at_once=max(1, int(order.get("max_batch", 1))),
    )


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise KnownError(f"The engine can't listen on port {port}: {os.strerror(error.errno or 0)}.") from error
    return listener


def _serve(engine: Engine, listener: socket.socket, token: str, lifeline: Lifeline) -> None:
    url = f"http://{HOST}:{listener.getsockname()[1]}"

    def say_ready() -> None:
        lifeline.send({"type": "ready", "url": url, "models": list(engine.model_names())})

    config = uvicorn.Config(
        create_app(engine, token),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=FINISH_REQUESTS_S,
    )
    server = LoopbackServer(config, say_ready)
    orders = threading.Thread(target=_take_orders, args=(engine, server, lifeline), name="orders", daemon=True)
    orders.start()
    server.run(sockets=[listener])


def _take_orders(engine: Engine, server: uvicorn.Server, lifeline: Lifeline) -> None:
    while (order := lifeline.next_order()) is not None:
        try:
            _obey(engine, order, lifeline)
        except Exception as error:  # a bad order is refused, it never ends the engine
            lifeline.send(_refusal(order, error))
    server.should_exit = True


def _obey(engine: Engine, order: dict[str, Any], lifeline: Lifeline) -> None:
    kind = order.get("type")
    if kind == "alias":
        engine.set_alias(order["public"], order["name"])
        lifeline.send({"type": "aliased", "id": order["id"]})
    elif kind == "load":
        loading = engine.load(order["name"], Path(order["path"]))
        _answer_later(loading, order, {"type": "loaded", "id": order["id"], "name": order["name"]}, lifeline)
    elif kind == "unload":
        _answer_later(engine.unload(order["name"]), order, {"type": "unloaded", "id": order["id"]}, lifeline)


def _answer_later(work: Future[None], order: dict[str, Any], message: dict[str, Any], lifeline: Lifeline) -> None:
    def answer(done: Future[None]) -> None:
        error = done.exception()
        lifeline.send(message if error is None else _refusal(order, error))

    work.add_done_callback(answer)


def _refusal(order: dict[str, Any], error: BaseException) -> dict[str, Any]:
    message = error.message if isinstance(error, KnownError) else f"{type(error).__name__}: {error}"
    hint = error.hint if isinstance(error, KnownError) else ""
    return {"type": "refused", "id": order.get("id"), "message": message, "hint": hint}
