"""The program as a user starts it: a process of its own, with its exit code and what it wrote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT_S = 120


@dataclass(frozen=True)
class Done:
    """A call that has ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Stdout, every line of which must be a JSON object."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def record(self) -> dict[str, Any]:
        """Stdout as the one JSON object that it must be."""
        (record,) = self.lines
        return record


class Program:
    """The program with its home in `LORASTUDIO_HOME`, and further variables of the environment."""

    def __init__(self, home: Path, **variables: str) -> None:
        self.home = home
        self.environment = {**os.environ, "LORASTUDIO_HOME": str(home), **variables}

    def run(self, *arguments: str | Path, code: int = 0, stdin: str = "") -> Done:
        """One call, which must end with `code` and without a traceback."""
        ended = subprocess.run(
            command(*arguments),
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=self.environment,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert "Traceback" not in ended.stderr, ended.stderr
        assert ended.returncode == code, f"{arguments}: {ended.stdout}\n{ended.stderr}"
        return Done(ended.returncode, ended.stdout, ended.stderr)

    def json(self, *arguments: str | Path, code: int = 0, stdin: str = "") -> dict[str, Any]:
        """The one JSON object that a call prints."""
        return self.run(*arguments, "--json", code=code, stdin=stdin).record

    def refusal(self, *arguments: str | Path, code: int = 1, stdin: str = "") -> str:
        """The message and hint with which a call fails, the same on stdout as JSON and on stderr in words."""
        failed = self.run(*arguments, "--json", code=code, stdin=stdin)
        error = failed.lines[-1]["error"]
        said = f"{error['message']} {error['hint']}".rstrip()
        assert failed.err.splitlines()[-len(said.splitlines()) :] == said.splitlines()
        return said

    @contextmanager
    def started(self, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
        """A call that goes on; it is killed if it is still alive at the end of the block."""
        with subprocess.Popen(
            command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=self.environment,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "lorastudio", *map(str, arguments)]


def ended(process: subprocess.Popen[str]) -> Done:
    """Wait for the end of a started call, with what was not read of it yet."""
    out, err = process.communicate(timeout=TIMEOUT_S)
    assert "Traceback" not in err, err
    return Done(process.returncode, out, err)
