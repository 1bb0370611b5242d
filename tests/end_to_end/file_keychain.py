"""A keychain that lasts from one process to the next, which the machines that run tests seldom have."""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

VARIABLE = "TEST_KEYCHAIN"


class FileKeychain(KeyringBackend):
    """Keeps everything in the file that `TEST_KEYCHAIN` names; found by `PYTHON_KEYRING_BACKEND`."""

    priority = 5  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str | None:
        return self._read().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._write({**self._read(), f"{service}/{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        kept = self._read()
        if kept.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError(username)
        self._write(kept)

    def _read(self) -> dict[str, str]:
        file = Path(os.environ[VARIABLE])
        kept: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        return kept

    def _write(self, kept: dict[str, str]) -> None:
        Path(os.environ[VARIABLE]).write_text(json.dumps(kept))


def variables(file: Path) -> dict[str, str]:
    """What makes the program use such a keychain."""
    return {
        "PYTHON_KEYRING_BACKEND": f"{__name__}.{FileKeychain.__name__}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        VARIABLE: str(file),
    }
