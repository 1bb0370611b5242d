"""What servers list as their models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The names under which servers tell a model's context: vLLM, OpenRouter and Together, Groq, LM Studio, Anthropic.
CONTEXT_FIELDS = (
    "max_model_len",
    "context_length",
    "context_window",
    "loaded_context_length",
    "max_context_length",
    "max_input_tokens",
)


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One model; `context_length` in tokens and `owner` where the list tells them."""

    name: str
    context_length: int | None = None
    owner: str = ""


def listed_models(record: Any) -> tuple[ListedModel, ...]:
    """The models in an answer to `/models`: `data` or `models` or a bare list, of objects or names."""
    rows = record.get("data") or record.get("models") or [] if isinstance(record, dict) else record
    found = (_listed(row) for row in rows) if isinstance(rows, list) else ()
    return tuple(model for model in found if model.name)


def context_field(row: Mapping[str, Any]) -> int | None:
    """The context that a record about a model tells, the loaded model's before the largest possible."""
    return next((count for name in CONTEXT_FIELDS if (count := token_count(row.get(name))) is not None), None)


def token_count(value: Any) -> int | None:
    """A positive whole number of tokens, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _listed(row: Any) -> ListedModel:
    if isinstance(row, str):
        return ListedModel(row)
    if not isinstance(row, Mapping):
        return ListedModel("")
    named = (row.get(field) for field in ("id", "name", "model"))
    owner = row.get("owned_by")
    return ListedModel(
        next((name for name in named if isinstance(name, str)), ""),
        context_field(row),
        owner if isinstance(owner, str) else "",
    )
