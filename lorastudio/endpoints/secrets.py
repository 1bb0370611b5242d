"""Keys of endpoints: in the system's keychain, or where there is none in memory for this run."""

from __future__ import annotations

import sys
import threading

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, PasswordDeleteError

from lorastudio.domain.errors import KnownError

SERVICE = "LoRA Studio"
# Names of endpoints hold no colon, so these can't be theirs.
_SERVE_TOKEN = "serve:token"
_HUB_TOKEN = "hub:token"
# keyring gives real keychains 1 and more; its fallbacks and plain-text files less.
_LEAST_PRIORITY = 1


class Keychain:
    """Keys by the name of their endpoint, and the tokens of our own server and of the hub. For several threads.

    `place` says in words where they are kept. Raises KnownError when the keychain refuses.
    """

    def __init__(self, backend: KeyringBackend | None = None) -> None:
        """`backend` stands in for the one that keyring finds on this system."""
        found = backend or keyring.get_keyring()
        self._backend = found if found.priority >= _LEAST_PRIORITY else None
        self._memory: dict[str, str] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Keychain({self.place!r})"

    @property
    def lasting(self) -> bool:
        """Whether keys are still there at the next start."""
        return self._backend is not None

    @property
    def place(self) -> str:
        if self._backend is None:
            return "memory, for this run only: this system has no keychain"
        return "the macOS keychain" if sys.platform == "darwin" else "the system's keychain"

    def get(self, endpoint: str) -> str | None:
        """The key of an endpoint, None when it has none."""
        with self._lock:
            if self._backend is None:
                return self._memory.get(endpoint)
            try:
                return self._backend.get_password(SERVICE, endpoint)
            except KeyringError as error:
                raise self._refusal("read", error) from None

    def set(self, endpoint: str, key: str) -> None:
        """Keep the key of an endpoint, in place of an earlier one."""
        with self._lock:
            if self._backend is None:
                self._memory[endpoint] = key
                return
            try:
                self._backend.set_password(SERVICE, endpoint, key)
            except KeyringError as error:
                raise self._refusal("kept", error) from None

    def delete(self, endpoint: str) -> None:
        """Forget the key of an endpoint; no error when there is none."""
        with self._lock:
            if self._backend is None:
                self._memory.pop(endpoint, None)
                return
            try:
                self._backend.delete_password(SERVICE, endpoint)
            except PasswordDeleteError:
                return
            except KeyringError as error:
                raise self._refusal("deleted", error) from None

    def serve_token(self) -> str | None:
        """The token that our own server asks of its callers, None when none was set."""
        return self.get(_SERVE_TOKEN)

    def set_serve_token(self, token: str) -> None:
        self.set(_SERVE_TOKEN, token)

    def hub_token(self) -> str | None:
        """The access token for models of the hub that are gated or private, None when there is none."""
        return self.get(_HUB_TOKEN)

    def set_hub_token(self, token: str) -> None:
        self.set(_HUB_TOKEN, token)

    def delete_hub_token(self) -> None:
        self.delete(_HUB_TOKEN)

    def _refusal(self, done: str, error: KeyringError) -> KnownError:
        return KnownError(
            f"The key can't be {done}: {self.place} refused ({type(error).__name__}).",
            "Unlock the keychain and try again.",
        )
