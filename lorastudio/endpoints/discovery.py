"""Servers that run on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Endpoint, Role
from lorastudio.domain.errors import EndpointError
from lorastudio.endpoints.server import Server

TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """A port on this machine where a known program listens by default."""

    program: str
    port: int


PLACES = (
    Place("Ollama", 11434),
    Place("LM Studio", 1234),
    Place("mlx_lm.server or llama.cpp", 8080),
    Place("vLLM or llama-cpp-python", 8000),
    Place("GPT4All", 4891),
)
# Programs that sign their lists of models, so that one on another's port is known.
SIGNATURES = {"llamacpp": "llama.cpp", "vllm": "vLLM", "lorastudio": "LoRA Studio"}


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A server that answered, with the models it lists. `locked` when it wants a key."""

    program: str
    url: str
    models: tuple[str, ...]
    locked: bool = False


def find_servers(places: Sequence[Place] = PLACES, cancel: CancelToken | None = None) -> tuple[FoundServer, ...]:
    """The OpenAI-compatible servers on this machine's own address, asked all at once; takes about TIMEOUT_S."""
    token = cancel or CancelToken()
    with ThreadPoolExecutor(max(1, len(places)), thread_name_prefix="discovery") as pool:
        found = pool.map(lambda place: _look(place, token), places)
        return tuple(server for server in found if server is not None)


def _look(place: Place, cancel: CancelToken) -> FoundServer | None:
    url = f"http://127.0.0.1:{place.port}/v1"
    endpoint = Endpoint(place.program, Role.WRITER, url, connect_timeout_s=TIMEOUT_S, idle_timeout_s=TIMEOUT_S)
    try:
        listed = Server(endpoint, None).models(cancel)
    except EndpointError as error:
        if error.status in (401, 403):
            return FoundServer(place.program, url, (), locked=True)
        return None
    program = next((SIGNATURES[model.owner] for model in listed if model.owner in SIGNATURES), place.program)
    return FoundServer(program, url, tuple(model.name for model in listed))
