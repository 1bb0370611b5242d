"""Endpoints: the servers that write, criticise, embed and teach."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What an endpoint is used for."""

    WRITER = "writer"
    CRITIC = "critic"
    EMBEDDER = "embedder"
    TEACHER = "teacher"


class EndpointKind(StrEnum):
    """Where the server comes from.

    `HTTP` is somebody's OpenAI-compatible server at `url`. `ENGINE` is the program's own engine and
    `PRACTICE` its practice critic: both are children that the program starts when they are needed,
    on a free port of the loopback, so their `url` is empty in the library.
    """

    HTTP = "http"
    ENGINE = "engine"
    PRACTICE = "practice"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server in one role. The key, if any, lives in the keychain under the endpoint's name."""

    name: str
    role: Role
    url: str = ""
    model: str | None = None
    kind: EndpointKind = EndpointKind.HTTP
    concurrency: int = 4
    connect_timeout_s: float = 10.0
    idle_timeout_s: float = 120.0
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call. `estimated` when the server sent no usable figures (4 characters a token)."""

    prompt_tokens: int
    completion_tokens: int
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an answer is sampled; None leaves the server's default."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
