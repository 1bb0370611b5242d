"""How long a context a server gives its model, asked where each program tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import EndpointError
from lorastudio.endpoints.listed_model import listed_models, token_count
from lorastudio.endpoints.server import Server


def told_context_length(server: Server, model: str, cancel: CancelToken) -> int | None:
    """Tokens of the context of `model`; None when the server tells nowhere. Raises Cancelled alone.

    Asked in this order: the list of models, llama.cpp's `/props` (what the server was started with), LM Studio's
    `/api/v0/models`, Ollama's `/api/show` (`num_ctx` of the model file, else what the model was trained for).
    """
    listed = listed_models(_ask(server, "GET", "/models", None, cancel, above=False))
    told = next((row.context_length for row in listed if row.name == model), None)
    return (
        told
        or _of_llama_cpp(_ask(server, "GET", "/props", None, cancel))
        or _of_lm_studio(_ask(server, "GET", "/api/v0/models", None, cancel), model)
        or _of_ollama(_ask(server, "POST", "/api/show", {"model": model}, cancel))
    )


def _ask(
    server: Server, method: str, path: str, body: Mapping[str, Any] | None, cancel: CancelToken, *, above: bool = True
) -> Any:
    """The server's answer; an empty one where it has nothing to say."""
    try:
        return server.ask(method, path, body, cancel, above=above)
    except EndpointError:
        return {}


def _of_llama_cpp(record: Any) -> int | None:
    return token_count(_field(_field(record, "default_generation_settings"), "n_ctx"))


def _of_lm_studio(record: Any, model: str) -> int | None:
    return next((row.context_length for row in listed_models(record) if row.name == model), None)


def _of_ollama(record: Any) -> int | None:
    parameters = _field(record, "parameters")
    for line in parameters.splitlines() if isinstance(parameters, str) else ():
        name, _, value = line.partition(" ")
        if name == "num_ctx" and value.strip().isdecimal():
            return token_count(int(value))
    info = _field(record, "model_info")
    if not isinstance(info, Mapping):
        return None
    return next((token_count(value) for name, value in info.items() if str(name).endswith(".context_length")), None)


def _field(record: Any, name: str) -> Any:
    return record.get(name) if isinstance(record, Mapping) else None
