"""The parent's side of a process pair: starts this program again in another mode and talks JSON lines."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal

from lorastudio.domain.errors import BugError, KnownError

Mode = Literal["worker", "engine", "critic", "data"]
CHILD_FLAG = {"worker": "--worker", "engine": "--engine", "critic": "--critic", "data": "--data"}

# Never handed down: a child gets its secrets over stdin.
SECRET_VARIABLES = ("LORASTUDIO_TOKEN", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")

# Debian's OpenBLAS; the BLAS inside the mlx-cpu wheel is a reference one, about 30 times slower.
OPENBLAS_PLACES = (
    "/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0",
    "/usr/lib/aarch64-linux-gnu/openblas-pthread/libopenblas.so.0",
)
LAST_WORDS_LINES = 60
LAST_WORDS_S = 2.0


class Child:
    """One running child. Use as a context manager, or call `stop`.

    `command` starts it elsewhere or otherwise (default: this program, here, in `mode`). `send` and `receive` may be
    used from different threads. When the child ends, `receive` returns None for ever and `returncode` is set.
    """

    def __init__(
        self,
        mode: Mode,
        *,
        log: Path | None = None,
        environment: dict[str, str] | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        self._messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._last_words: deque[str] = deque(maxlen=LAST_WORDS_LINES)
        self._send_lock = threading.Lock()
        self._log = log
        self._process = subprocess.Popen(
            command or command_for(mode),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(environment or {}),
            start_new_session=True,  # Ctrl-C in the terminal reaches the parent alone, which stops us in order
        )
        self._readers = [
            threading.Thread(target=self._read_errors, name=f"{mode}-errors", daemon=True),
            threading.Thread(target=self._read_messages, name=f"{mode}-messages", daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.poll()

    @property
    def last_words(self) -> str:
        """The end of what the child wrote to stderr."""
        return "\n".join(self._last_words)

    def send(self, message: dict[str, Any]) -> None:
        """Give the child one order; KnownError when it is no longer there."""
        line = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"
        with self._send_lock:
            try:
                stdin = self._pipe(self._process.stdin)
                stdin.write(line.encode("utf-8"))
                stdin.flush()
            except (OSError, ValueError) as error:
                raise KnownError(f"A helper process is gone: {self.explain_end()}") from error

    def receive(self, timeout_s: float | None = None) -> dict[str, Any] | None:
        """The next message, or None when the child has ended; `queue.Empty` after `timeout_s`."""
        message = self._messages.get(timeout=timeout_s)
        if message is None:
            self._messages.put(None)
        return message

    def messages(self) -> Iterator[dict[str, Any]]:
        """All messages until the child ends."""
        while (message := self.receive()) is not None:
            yield message

    def explain_end(self) -> str:
        """How the child ended, in words, with its last line on stderr."""
        code = self.returncode
        how = "it is still running" if code is None else f"it ended with code {code}"
        if code is not None and code < 0:
            how = f"it was ended by signal {-code}"
        last = next((line for line in reversed(self._last_words) if line.strip()), "")
        return f"{how}{f' ({last.strip()})' if last else ''}."

    def cancel(self) -> None:
        """Ask the child's work to stop at its next safe point; no error if it has ended already."""
        self._ask("cancel")

    def finish(self) -> None:
        """Ask the child's work to end early and keep its result; no error if it has ended already."""
        self._ask("finish")

    def stop(self, save_s: float = 5.0, terminate_s: float = 2.0) -> int:
        """End the child: close its stdin and wait `save_s`, then SIGTERM and `terminate_s`, then SIGKILL."""
        with self._send_lock:
            stdin = self._pipe(self._process.stdin)
            with suppress(OSError):  # it may have died with our last order still in the pipe
                stdin.close()
        code = self._wait_or_kill(save_s, terminate_s)
        for reader in self._readers:
            reader.join()
        for pipe in (self._process.stdout, self._process.stderr):
            self._pipe(pipe).close()
        return code

    def kill(self) -> None:
        """SIGKILL, for a child that hangs; `stop` must still be called."""
        self._process.kill()

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _ask(self, what: str) -> None:
        if self.returncode is None:
            with suppress(KnownError):
                self.send({"type": what})

    def _wait_or_kill(self, save_s: float, terminate_s: float) -> int:
        try:
            return self._process.wait(save_s)
        except subprocess.TimeoutExpired:
            self._process.terminate()
        try:
            return self._process.wait(terminate_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
        return self._process.wait()

    def _read_messages(self) -> None:
        for line in self._pipe(self._process.stdout):
            try:
                message = json.loads(line)
            except ValueError:
                self._last_words.append(f"unreadable message: {line[:200]!r}")
                continue
            if isinstance(message, dict):
                self._messages.put(message)
        self._process.wait()
        # Its last words say why it ended; they may still be in the pipe, which a grandchild could hold open.
        self._readers[0].join(LAST_WORDS_S)
        self._messages.put(None)

    def _read_errors(self) -> None:
        for line in self._pipe(self._process.stderr):
            text = line.decode("utf-8", "replace").rstrip("\n")
            self._last_words.append(text)
            if self._log is None:
                continue
            # A full disk must not stop the draining: the child would block on its next word.
            with suppress(OSError), self._log.open("a", encoding="utf-8") as log:
                log.write(text + "\n")

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        if pipe is None:
            raise BugError("A child was started without its pipes.")
        return pipe


def command_for(mode: Mode) -> list[str]:
    """The command that starts this program in `mode`, frozen or not."""
    if getattr(sys, "frozen", False):
        return [sys.executable, CHILD_FLAG[mode]]
    return [sys.executable, "-m", "lorastudio", CHILD_FLAG[mode]]


def child_settings() -> dict[str, str]:
    """What every child finds in its environment beside the parent's own, here or on another machine of this kind."""
    settings = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    if sys.platform == "linux":
        # mx.compile on the CPU starts a C++ compiler at run time.
        settings["MLX_DISABLE_COMPILE"] = "1"
        # One thread: sums are then made in one order, and two children share two cores without a fight.
        settings["OPENBLAS_NUM_THREADS"] = os.environ.get("OPENBLAS_NUM_THREADS", "1")
        preloaded = os.environ.get("LD_PRELOAD", "")
        blas = next((place for place in OPENBLAS_PLACES if Path(place).exists()), None)
        if blas and blas not in preloaded:
            settings["LD_PRELOAD"] = f"{blas} {preloaded}".strip()
    return settings


def _environment(extra: dict[str, str]) -> dict[str, str]:
    own = {key: value for key, value in os.environ.items() if key not in SECRET_VARIABLES}
    return own | child_settings() | extra
