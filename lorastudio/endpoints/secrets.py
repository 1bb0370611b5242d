"""Keys of endpoints: in the system's keychain, or where there is none in memory for this run."""

from __future__ import annotations

import sys
import threading

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, PasswordDeleteError

from lorastudio.domain.endpoint import Endpoint
from lorastudio.domain.errors import KnownError
from lorastudio.endpoints.urls import origin

SERVICE = "LoRA Studio"
# Names of endpoints hold no colon before " at ", so these can't be theirs.
_SERVE_TOKEN = "serve:token"
_HUB_TOKEN = "hub:token"
# keyring gives real keychains 1 and more; its fallbacks and plain-text files less.
_LEAST_PRIORITY = 1


class MemoryKeyring(KeyringBackend):
    """Secrets for as long as the process lives; keyring never chooses it by itself."""

    priority = 0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self._kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self._kept.pop((service, username), None) is None:
            raise PasswordDeleteError(username)


def account_of(endpoint: Endpoint) -> str:
    """The name under which an endpoint's key is kept: a key belongs to one server, and a library that came from
    somebody else, or an edited address, must not send it to another."""
    return f"{endpoint.name} at {origin(endpoint.url)}"


class Keychain:
    """Keys by `account_of` their endpoint, and the tokens of our own server and of the hub. For several threads.

    `place` says in words where they are kept. Raises KnownError when the keychain refuses.
    """

    def __init__(self, backend: KeyringBackend | None = None) -> None:
        """`backend` stands in for the one that keyring finds on this system."""
        found = backend or keyring.get_keyring()
        if backend is None and not _lasts(found) and not isinstance(found, MemoryKeyring):
            # keyring's own choice for this process, so that every part of a run finds what another was given.
            found = MemoryKeyring()
            keyring.set_keyring(found)
        self._backend = found
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Keychain({self.place!r})"

    @property
    def lasting(self) -> bool:
        """Whether keys are still there at the next start."""
        return _lasts(self._backend)

    @property
    def place(self) -> str:
        if not self.lasting:
            return "memory, for this run only: this system has no keychain"
        return "the macOS keychain" if sys.platform == "darwin" else "the system's keychain"

    def get(self, account: str) -> str | None:
        """The key of an account, None when it has none."""
        with self._lock:
            try:
                return self._backend.get_password(SERVICE, account)
            except KeyringError as error:
                raise self._refusal("read", error) from None

    def set(self, account: str, key: str) -> None:
        """Keep the key of an account, in place of an earlier one."""
        with self._lock:
            try:
                self._backend.set_password(SERVICE, account, key)
            except KeyringError as error:
                raise self._refusal("kept", error) from None

    def delete(self, account: str) -> None:
        """Forget the key of an account; no error when there is none."""
        with self._lock:
            try:
                self._backend.delete_password(SERVICE, account)
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


def _lasts(backend: KeyringBackend) -> bool:
    return backend.priority >= _LEAST_PRIORITY
