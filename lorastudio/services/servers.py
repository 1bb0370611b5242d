"""The servers that work needs: somebody's over HTTP, or the program's own children, started when first used."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from lorastudio.deploy.targets.local import version_name
from lorastudio.domain.endpoint import Endpoint, EndpointKind, Role
from lorastudio.domain.errors import KnownError
from lorastudio.endpoints.client import ChatClient
from lorastudio.endpoints.embeddings import EmbeddingsClient
from lorastudio.endpoints.probe import refused_fields, with_told_context
from lorastudio.endpoints.retry import RetryPolicy
from lorastudio.endpoints.secrets import Keychain, account_of
from lorastudio.processes.critic import Critic
from lorastudio.processes.engine import Engine
from lorastudio.services.base_models import base_of, default_base, is_practice, resolve_base
from lorastudio.store import deployments
from lorastudio.store.endpoints import get_probe, list_endpoints
from lorastudio.store.library import Library
from lorastudio.store.versions import get_version
from lorastudio.training.protocol import PUBLIC_NAME

WRITER, CRITIC = "This Mac", "Practice critic"
# Requests beyond what the engine generates at once wait in its queue; this keeps its slots full.
OWN_CONCURRENCY = 16


def endpoint_for(library: Library, role: Role) -> Endpoint:
    """The endpoint that plays a role: the newest that was added for it, or the built-in one where there is one.

    Once a version is live it is the writer: this is what closes the loop. Without any set-up the program's own
    engine writes, and in the practice world the practice critic judges. `KnownError` when the role needs a
    server that nobody has added.
    """
    if role is Role.WRITER and deployments.live_version(library) is not None:
        return built_in(WRITER)
    chosen = list_endpoints(library, role)
    if chosen:
        return chosen[-1]
    if role is Role.WRITER:
        return built_in(WRITER)
    if role is Role.CRITIC and is_practice(default_base(library)):
        return built_in(CRITIC)
    raise KnownError(
        f"No {role.value} is set up.", f"Add one with `lorastudio endpoint add NAME --role {role.value} --url URL`."
    )


def built_in(name: str) -> Endpoint:
    """The program's own writer or critic; both are started when they are first needed."""
    if name == WRITER:
        return Endpoint(WRITER, Role.WRITER, model=PUBLIC_NAME, kind=EndpointKind.ENGINE, concurrency=OWN_CONCURRENCY)
    return Endpoint(
        CRITIC, Role.CRITIC, model="practice-critic", kind=EndpointKind.PRACTICE, concurrency=OWN_CONCURRENCY
    )


def missing_key(endpoint: Endpoint) -> NoReturn:
    """What to do without a key when there is nobody to ask: KnownError."""
    raise KnownError(
        f"The key of {endpoint.name} is not here: this system's keychain does not hold it.",
        "Give it again. Without a keychain a key lives in memory, for the run that it was given in.",
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an endpoint's server is; `token` is what the program's own children ask for."""

    url: str
    token: str | None = None


class LocalServers:
    """Clients by endpoint name, and the children behind the built-in ones. Use as a context manager.

    Safe to use from several threads. `taste` is how the practice critic judges (for tests of the gate);
    `ask_key` gets the key of an endpoint that no keychain holds from a person, or raises KnownError.
    """

    def __init__(
        self, library: Library, *, taste: str = "honest", ask_key: Callable[[Endpoint], str] = missing_key
    ) -> None:
        self._library = library
        self._ask_key = ask_key
        self._taste = taste
        self._keychain = Keychain()
        self._lock = threading.RLock()
        self._engine: Engine | None = None
        self._engine_base: Path | None = None
        self._critic: Critic | None = None
        self._critic_token = secrets.token_urlsafe(32)
        self._clients: dict[str, tuple[tuple[Endpoint, str], ChatClient]] = {}

    def client(self, name: str) -> ChatClient:
        """The client of an endpoint whose server is running; it is started if need be."""
        with self._lock:
            endpoint = self._endpoint(name)
            place = self._place(endpoint)
            known = self._clients.get(name)
            if known is None or known[0] != (endpoint, place.url):
                probe = get_probe(self._library, name)
                client = ChatClient(
                    with_told_context(endpoint, probe),
                    self._key(endpoint, place),
                    base_url=place.url,
                    refused=refused_fields(probe),
                )
                known = self._clients[name] = ((endpoint, place.url), client)
            return known[1]

    def embedder(self, name: str, policy: RetryPolicy | None = None) -> EmbeddingsClient:
        """The embeddings client of an endpoint whose server is running; it is started if need be."""
        with self._lock:
            endpoint = self._endpoint(name)
            place = self._place(endpoint)
            return EmbeddingsClient(endpoint, self._key(endpoint, place), base_url=place.url, policy=policy)

    def engine(self, base: str) -> Engine:
        """The engine serving `base`, with the live version as its alias; another base's engine is ended first."""
        folder = resolve_base(base)
        with self._lock:
            if self._engine is not None and self._engine_base != folder:
                self._engine.stop()
                self._engine = None
            if self._engine is None:
                self._engine = self._start_engine(base, folder)
                self._engine_base = folder
            return self._engine

    @property
    def engine_url(self) -> str | None:
        """Where the engine serves at this moment, None while it does not; never waits and starts nothing."""
        engine = self._engine
        return None if engine is None else engine.serving_url

    def close(self) -> None:
        """End the children."""
        with self._lock:
            if self._engine is not None:
                self._engine.stop()
                self._engine = None
            if self._critic is not None:
                self._critic.stop()
                self._critic = None

    def __enter__(self) -> LocalServers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _endpoint(self, name: str) -> Endpoint:
        own = next((endpoint for endpoint in list_endpoints(self._library) if endpoint.name == name), None)
        if own is not None:
            return own
        if name in (WRITER, CRITIC):
            return built_in(name)
        raise KnownError(f"There is no endpoint called {name}.", "`lorastudio endpoint list` shows them.")

    def _place(self, endpoint: Endpoint) -> _Place:
        if endpoint.kind is EndpointKind.ENGINE:
            engine = self.engine(self._engine_base_name())
            return _Place(engine.url, engine.token)
        if endpoint.kind is EndpointKind.PRACTICE:
            return _Place(self._practice_url(), self._critic_token)
        return _Place(endpoint.url)

    def _key(self, endpoint: Endpoint, place: _Place) -> str | None:
        """The key for a place; asked for once a run where no keychain has it."""
        if place.token is not None or endpoint.key_set_at is None:
            return place.token
        account = account_of(endpoint)
        key = self._keychain.get(account)
        if key is None:
            key = self._ask_key(endpoint)
            self._keychain.set(account, key)
        return key

    def _engine_base_name(self) -> str:
        return base_of(self._library, deployments.live_version(self._library))

    def _practice_url(self) -> str:
        if self._critic is None or not self._critic.alive:
            if self._critic is not None:
                self._critic.stop()
            self._critic = Critic(self._critic_token, taste=self._taste, logs=self._library.home / "logs")
        return self._critic.url

    def _start_engine(self, base: str, folder: Path) -> Engine:
        live = deployments.live_version(self._library)
        version = None if live is None else get_version(self._library, live)
        fits = version is not None and version.base_model == base
        engine = Engine(
            folder,
            versions={version_name(version.version): Path(version.model_path)} if version and fits else {},
            alias=version_name(version.version) if version and fits else None,
            log=self._library.home / "logs" / "engine.log",
        )
        engine.start()
        return engine
