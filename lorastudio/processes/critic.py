"""The practice critic as a child process: an OpenAI-compatible server on the loopback."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import Any

from lorastudio.domain.errors import KnownError
from lorastudio.processes.child import Child

READY_TIMEOUT_S = 60.0
LOG_FILE = "critic.log"


class Critic:
    """Running from construction until `stop`; `url` is where it answers.

    `taste` is how it judges (honest, hype, inverted) and `manners` how it behaves, see `practice.manners`.
    Raises `KnownError` when it can't start.
    """

    def __init__(self, token: str, *, taste: str = "honest", manners: str = "", logs: Path | None = None) -> None:
        log = None
        if logs is not None:
            logs.mkdir(parents=True, exist_ok=True)
            log = logs / LOG_FILE
        self._child = Child("critic", log=log)
        try:
            self._child.send({"type": "start", "taste": taste, "manners": manners, "token": token, "port": 0})
            self.url = str(self._await("ready")["url"])
        except BaseException:
            self._child.stop(0.0, 0.0)
            raise

    @property
    def alive(self) -> bool:
        return self._child.returncode is None

    @property
    def pid(self) -> int:
        return self._child.pid

    def stop(self) -> None:
        self._child.stop()

    def _await(self, kind: str) -> dict[str, Any]:
        while True:
            try:
                message = self._child.receive(READY_TIMEOUT_S)
            except queue.Empty:
                raise KnownError(f"The practice critic did not start within {READY_TIMEOUT_S:.0f} s.") from None
            if message is None:
                raise KnownError(f"The practice critic could not start: {self._child.explain_end()}")
            if message.get("type") == "failed":
                raise KnownError(str(message.get("message")), str(message.get("hint", "")))
            if message.get("type") == kind:
                return message
