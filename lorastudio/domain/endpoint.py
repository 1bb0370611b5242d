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


class Protocol(StrEnum):
    """The language a server speaks.

    `OPENAI` is chat completions under a base address; `ANTHROPIC` the Messages API at `/v1/messages`
    (https://platform.claude.com/docs/en/api/messages).
    """

    OPENAI = "openai"
    ANTHROPIC = "anthropic"


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an answer is sampled; None leaves the server's default."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None

    def over(self, defaults: Sampling) -> Sampling:
        """These values, and those of `defaults` where there are none."""
        return Sampling(
            defaults.temperature if self.temperature is None else self.temperature,
            defaults.top_p if self.top_p is None else self.top_p,
            defaults.max_tokens if self.max_tokens is None else self.max_tokens,
            defaults.seed if self.seed is None else self.seed,
        )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server in one role. The key, if any, lives in the keychain under the endpoint's name.

    `headers` are sent with every request and hold no secrets. `sampling` counts where a call says nothing
    itself. Prices are US dollars for a million tokens, None when unknown. `context_length` is in tokens, prompt
    and answer together. `prefix` goes before every text that is embedded (some models want "query: ").
    `key_set_at` is when a key was given last, None when there is none: the key itself is never here.
    """

    name: str
    role: Role
    url: str = ""
    model: str | None = None
    kind: EndpointKind = EndpointKind.HTTP
    concurrency: int = 4
    connect_timeout_s: float = 10.0
    idle_timeout_s: float = 120.0
    id: int | None = None
    protocol: Protocol = Protocol.OPENAI
    headers: tuple[tuple[str, str], ...] = ()
    sampling: Sampling = Sampling()
    prompt_price: float | None = None
    completion_price: float | None = None
    context_length: int | None = None
    prefix: str = ""
    key_set_at: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call. `estimated` when the server sent no usable figures (4 characters a token)."""

    prompt_tokens: int
    completion_tokens: int
    estimated: bool = False


def cost_of(usage: Usage, prompt_price: float | None, completion_price: float | None) -> float | None:
    """What a call cost in US dollars at prices for a million tokens; None when neither price is known."""
    if prompt_price is None and completion_price is None:
        return None
    spent = usage.prompt_tokens * (prompt_price or 0.0) + usage.completion_tokens * (completion_price or 0.0)
    return spent / 1_000_000
