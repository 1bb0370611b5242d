"""Serving the live version to other programs, following every deployment and rollback."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from lorastudio.deploy.targets.local import version_name
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import KnownError, UsageError
from lorastudio.domain.events import Event
from lorastudio.endpoints.secrets import Keychain
from lorastudio.processes.engine import Engine
from lorastudio.services.base_models import base_of, resolve_base
from lorastudio.store.deployments import live_version
from lorastudio.store.library import Library
from lorastudio.store.versions import get_version
from lorastudio.training.protocol import PUBLIC_NAME

DEFAULT_PORT = 8321
POLL_S = 0.5
TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Serving(Event):
    """Requests are answered at `url` + "/v1" from now on; `models` are the names it answers to."""

    event: ClassVar[str] = "serving"
    url: str
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Switched(Event):
    """The alias answers with another version from now on (None: the bare base)."""

    event: ClassVar[str] = "switched"
    version: int | None


def serve_token(given: str | None) -> str:
    """The token that callers must show: what the environment gave, else the keychain's; made there once.

    `KnownError` when there is neither, because a token that nobody knows would serve nobody; `UsageError` for one
    that can't be shown in an HTTP header.
    """
    if given:
        if not given.isascii() or not given.isprintable() or " " in given:
            raise UsageError(
                "The token in LORASTUDIO_TOKEN holds a space or a sign that HTTP headers can't carry.",
                "Use letters, digits and plain signs only.",
            )
        return given
    keychain = Keychain()
    kept = keychain.serve_token()
    if kept:
        return kept
    if not keychain.lasting:
        raise KnownError(
            "There is no token for callers: this system has no keychain to keep one in.",
            "Set LORASTUDIO_TOKEN to a long random text and start again.",
        )
    made = secrets.token_urlsafe(TOKEN_BYTES)
    keychain.set_serve_token(made)
    return made


def serve(home: Path, *, port: int, token: str, cancel: CancelToken) -> Iterator[Event]:
    """Serve until cancelled; deployments made by other processes are followed within a second.

    Needs no writer's lock. A version over another base model than the one served ends with `KnownError`: the
    engine holds one base.
    """
    with Library.open(home, write=False) as library:
        live = live_version(library)
        base = base_of(library, live)
    with Engine(resolve_base(base), token=token, port=port, log=home / "logs" / "serve.log") as engine:
        _switch(engine, home, base, live)
        yield Serving(engine.url, (PUBLIC_NAME, *engine.versions, engine.base_name))
        while not cancel.wait(POLL_S):
            with Library.open(home, write=False) as library:
                now_live = live_version(library)
            if now_live != live:
                _switch(engine, home, base, now_live)
                live = now_live
                yield Switched(live)


def _switch(engine: Engine, home: Path, base: str, version: int | None) -> None:
    if version is None:
        engine.alias(None)
        return
    with Library.open(home, write=False) as library:
        found = get_version(library, version)
    if found.base_model != base:
        raise KnownError(
            f"Version {version} belongs to the base model {found.base_model}, and {base} is being served.",
            "Start `lorastudio serve` again.",
        )
    engine.load(version_name(version), Path(found.model_path))
    engine.alias(version_name(version))
