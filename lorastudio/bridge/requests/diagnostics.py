"""What a report of a fault needs, with secrets taken out."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import lorastudio

LOG_END_BYTES = 60_000
LOGS = ("lorastudio.log", "window.log", "worker.log", "engine.log")
# Whatever looks like a key or a password: better a word too many than a secret.
SECRETS = (
    re.compile(r"(?i)(authorization|api[-_ ]?key|token|password|secret)(\W{1,4})(bearer\s+)?[^\s'\",;]{6,}"),
    re.compile(r"\b(?:sk|pk|hf|gsk|xai|ghp|AIza)[-_A-Za-z0-9]{12,}"),
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    re.compile(r"\b[A-Za-z0-9_-]{43,}\b"),
)


def without_secrets(text: str) -> str:
    """`text` with everything that looks like a secret replaced, and the person's folder by "~"."""
    for pattern in SECRETS:
        text = pattern.sub("[taken out]", text)
    return text.replace(str(Path.home()), "~")


def collect(home: Path, jobs: list[str]) -> str:
    """Versions, the work of this window (one line each in `jobs`), and the ends of the logs."""
    parts = [
        f"LoRA Studio {lorastudio.__version__}",
        f"{platform.platform()}, Python {platform.python_version()}",
        "",
        "Work of this window:",
        *(jobs or ["nothing"]),
    ]
    for name in LOGS:
        if end := _end_of(home / "logs" / name):
            parts += ["", f"--- the end of {name}", end]
    return without_secrets("\n".join(parts))


def _end_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LOG_END_BYTES))
            return file.read().decode("utf-8", "replace").strip()
    except OSError:
        return ""
