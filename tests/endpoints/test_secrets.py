from __future__ import annotations

from dataclasses import replace

import keyring.errors
import pytest
from keyring.backend import KeyringBackend

from lorastudio.domain.endpoint import Endpoint, Role
from lorastudio.domain.errors import KnownError
from lorastudio.endpoints.secrets import SERVICE, Keychain, account_of


class Drawer(KeyringBackend):
    """A keychain that lasts as long as the test; `locked` makes it refuse."""

    priority = 5.0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._open()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._open()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._open()
        if self.kept.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("not there")

    def _open(self) -> None:
        if self.locked:
            raise keyring.errors.KeyringLocked("locked: sk-secret")


def test_keys_are_kept_replaced_and_forgotten() -> None:
    drawer = Drawer()
    keychain = Keychain(drawer)
    assert keychain.lasting
    assert keychain.get("desk") is None
    keychain.set("desk", "sk-1")
    keychain.set("desk", "sk-2")
    keychain.set_serve_token("token")
    assert (keychain.get("desk"), keychain.serve_token()) == ("sk-2", "token")
    keychain.delete("desk")
    keychain.delete("desk")
    assert keychain.get("desk") is None
    assert drawer.kept == {(SERVICE, "serve:token"): "token"}
    assert "sk-" not in repr(keychain)


def test_without_a_keychain_keys_live_for_this_run_and_it_says_so() -> None:
    first = Keychain()  # the test suite has keyring's `fail` backend
    assert "this run only" in first.place
    assert not first.lasting
    first.set("desk", "sk-1")
    # Every part of a run asks for a keychain of its own, and finds what another part was given.
    assert Keychain().get("desk") == "sk-1"
    first.delete("desk")
    assert Keychain().get("desk") is None


def test_a_key_belongs_to_one_server() -> None:
    desk = Endpoint("desk", Role.CRITIC, "https://api.example.org/v1")
    assert account_of(desk) == account_of(replace(desk, url="https://api.example.org/other/v1", role=Role.TEACHER))
    for url in ("http://api.example.org/v1", "https://api.example.org:8443/v1", "https://api.example.net/v1"):
        assert account_of(replace(desk, url=url)) != account_of(desk)


def test_a_locked_keychain_is_told_without_its_words() -> None:
    drawer = Drawer()
    drawer.locked = True
    keychain = Keychain(drawer)
    for use in (lambda: keychain.get("desk"), lambda: keychain.set("desk", "x"), lambda: keychain.delete("desk")):
        with pytest.raises(KnownError, match="Unlock the keychain") as caught:
            use()
        assert "sk-secret" not in str(caught.value)
