"""The engine's supervisor: one engine child that serves the base model and its versions, kept alive."""

from __future__ import annotations

import queue
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lorastudio.domain.errors import KnownError
from lorastudio.processes.child import Child
from lorastudio.training.protocol import PROTOCOL, PUBLIC_NAME

START_TIMEOUT_S = 120.0
ORDER_TIMEOUT_S = 120.0
MOST_RESTARTS = 5
RESTART_WINDOW_S = 60.0
RESTART_PAUSE_S = 0.2
BASE_NAME = "base"

Answered = Callable[[], None]
_Order = tuple["queue.Queue[dict[str, Any] | None]", Answered]


class Engine:
    """Serves `base` on the loopback under `base_name`, each loaded version under its own name, and the alias.

    A child that dies is started again with the same versions, alias, token and, where it is still free, port;
    more than five deaths within a minute are taken as final, and so is a first start that fails. All methods
    may be called from any thread. Use as a context manager, or call `start` and `stop`.
    """

    def __init__(
        self,
        base: Path,
        *,
        base_name: str = BASE_NAME,
        versions: Mapping[str, Path] | None = None,
        alias: str | None = None,
        token: str | None = None,
        port: int = 0,
        max_batch: int = 8,
        log: Path | None = None,
    ) -> None:
        """`versions` are folders by name, `alias` the name that answers as "lorastudio" (None: the base)."""
        self.base_name = base_name
        self.token = token or secrets.token_urlsafe(32)
        self.base = base
        self._wanted_port = self._port = port
        self._max_batch = max_batch
        self._log = log
        self._versions = dict(versions or {})
        self._alias = alias
        self._changed = threading.Condition()
        self._child: Child | None = None
        self._url: str | None = None
        self._failure: KnownError | None = None
        self._stopping = False
        self._served_once = False
        self._pending: dict[int, _Order] = {}
        self._last_order = 0
        self._keeper = threading.Thread(target=self._keep_alive, name="engine-keeper", daemon=True)

    def start(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Start the child and wait until it serves; KnownError with the child's own words when it can't."""
        if self._log is not None:
            self._log.parent.mkdir(parents=True, exist_ok=True)
        self._keeper.start()
        try:
            self.wait_ready(timeout_s)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the child and wait for it. May be called twice."""
        with self._changed:
            self._stopping = True
            child = self._child
            self._changed.notify_all()
        if child is not None:
            child.stop()
        if self._keeper.ident is not None:
            self._keeper.join()

    def __enter__(self) -> Engine:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the engine serves, like "http://127.0.0.1:4711"; waits while it is being restarted."""
        return self.wait_ready()

    @property
    def serving_url(self) -> str | None:
        """The URL if the child serves at this moment; never waits."""
        return self._url

    @property
    def pid(self) -> int | None:
        """The child's process id, None while there is no child."""
        child = self._child
        return None if child is None else child.pid

    @property
    def alias_target(self) -> str | None:
        """The name that answers as "lorastudio"; None for the bare base."""
        return self._alias

    @property
    def versions(self) -> dict[str, Path]:
        """The versions that are ready for requests, by name."""
        with self._changed:
            return dict(self._versions)

    def wait_ready(self, timeout_s: float = START_TIMEOUT_S) -> str:
        """The URL, as soon as the child serves; KnownError when it is given up, stopped or too slow."""
        with self._changed:
            settled = self._changed.wait_for(
                lambda: self._url is not None or self._failure is not None or self._stopping, timeout_s
            )
            if self._failure is not None:
                raise self._failure
            if self._stopping:
                raise KnownError("The engine was stopped.")
            if not settled or self._url is None:
                raise KnownError(f"The engine did not get ready within {timeout_s:.0f} s.", "See logs/engine.log.")
            return self._url

    def load(self, name: str, folder: Path) -> None:
        """Ready a version for requests under `name`; KnownError when the engine refuses it."""
        if self.versions.get(name) != folder:
            self._order({"type": "load", "name": name, "path": str(folder)}, lambda: self._keep(name, folder))

    def alias(self, name: str | None) -> None:
        """Let `name` (None: the base) answer as "lorastudio"; requests in flight finish on the old version."""
        self._order({"type": "alias", "public": PUBLIC_NAME, "name": name}, lambda: self._point(name))

    def unload(self, name: str) -> None:
        """Drop a version after its last request."""
        self._order({"type": "unload", "name": name}, lambda: self._drop(name))

    def _keep(self, name: str, folder: Path) -> None:
        self._versions[name] = folder

    def _point(self, name: str | None) -> None:
        self._alias = name

    def _drop(self, name: str) -> None:
        self._versions.pop(name, None)

    def _order(self, order: dict[str, Any], answered: Answered) -> None:
        """Send one order and wait for its answer; `answered` notes the new state before a restart can lose it."""
        self.wait_ready()
        answer: queue.Queue[dict[str, Any] | None] = queue.Queue()
        with self._changed:
            self._last_order += 1
            number = self._last_order
            child = self._child
            self._pending[number] = (answer, answered)
        try:
            if child is None:
                raise KnownError("The engine is being restarted.", "Try again in a moment.")
            child.send({**order, "id": number})
            reply = answer.get(timeout=ORDER_TIMEOUT_S)
        except queue.Empty:
            raise KnownError(f"The engine did not answer within {ORDER_TIMEOUT_S:.0f} s.", "Try again.") from None
        finally:
            with self._changed:
                self._pending.pop(number, None)
        if reply is None:
            raise KnownError("The engine ended in the middle of an order and is being restarted.", "Try again.")
        if reply.get("type") == "refused":
            raise KnownError(str(reply.get("message", "The engine refused.")), str(reply.get("hint", "")))

    def _keep_alive(self) -> None:
        """The keeper thread: run children one after the other until stopped or given up."""
        deaths: deque[float] = deque(maxlen=MOST_RESTARTS)
        while True:
            served, last_words = self._run_child()
            with self._changed:
                if self._stopping:
                    return
                now_s = time.monotonic()
                too_many = len(deaths) == MOST_RESTARTS and now_s - deaths[0] < RESTART_WINDOW_S
                self._served_once = self._served_once or served
                if too_many or not self._served_once:
                    self._failure = KnownError(f"The engine can't be started: {last_words}", "See logs/engine.log.")
                    self._changed.notify_all()
                    return
                if not served:
                    self._port = self._wanted_port  # somebody else may have taken the one we were given
                deaths.append(now_s)
                self._changed.wait_for(lambda: self._stopping, RESTART_PAUSE_S)

    def _run_child(self) -> tuple[bool, str]:
        """Run one child to its end; whether it ever served, and its last words."""
        with self._changed:
            if self._stopping:
                return False, ""
            child = self._child = Child("engine", log=self._log)
            start = self._start_order()
        try:
            words = self._serve(child, start)
        finally:
            with self._changed:
                served, self._url, self._child = self._url is not None, None, None
                for answer, _ in self._pending.values():
                    answer.put(None)
            child.stop(save_s=0.0 if not self._stopping else 5.0)
        return served, words or child.explain_end()

    def _start_order(self) -> dict[str, Any]:
        return {
            "type": "start",
            "base": str(self.base),
            "token": self.token,
            "port": self._port,
            "adapters": {name: str(folder) for name, folder in self._versions.items()},
            "alias": {PUBLIC_NAME: self._alias},
            "base_name": self.base_name,
            "max_batch": self._max_batch,
        }

    def _serve(self, child: Child, start: dict[str, Any]) -> str:
        """Hear the child until it ends; returns why it could not start, an empty text otherwise."""
        try:
            child.send(start)
        except KnownError as error:
            return error.message
        give_up_s = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                message = child.receive(None if self._url else max(give_up_s - time.monotonic(), 0.01))
            except queue.Empty:
                return f"it did not get ready within {START_TIMEOUT_S:.0f} s"
            if message is None:
                return ""
            if message.get("type") == "hello" and message.get("protocol") != PROTOCOL:
                return f"it speaks protocol {message.get('protocol')}, this program {PROTOCOL}"
            if message.get("type") == "failed":
                return f"{message.get('message', '')} {message.get('hint', '')}".strip()
            self._heard(message)

    def _heard(self, message: dict[str, Any]) -> None:
        with self._changed:
            if message.get("type") == "ready":
                self._url = str(message["url"])
                self._port = urlsplit(self._url).port or 0
                self._changed.notify_all()
            order = self._pending.get(message.get("id", 0))
            if order is not None:
                answer, answered = order
                if message.get("type") != "refused":
                    answered()
                answer.put(message)
