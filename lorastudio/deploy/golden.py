"""Golden prompts: proof that a server answers with exactly the version that was trained.

The trainer writes the greedy token ids of a few prompts into the version's golden.json; a server of the same
base and adapter gives the same ids, and a server of another base, another adapter or none does not.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from lorastudio.domain.errors import KnownError
from lorastudio.domain.messages import as_records, user
from lorastudio.training.protocol import GOLDEN_FILE

GOLDEN_TOKENS = 16
TOP_LOGPROBS = 5
PROBE_TIMEOUT_S = 60.0
MOST_AT_ONCE = 4

Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Golden:
    """One prompt and the token ids of its greedy answer, at most 16, without the end token."""

    prompt: str
    ids: Ids


def read_golden(folder: Path) -> tuple[Golden, ...]:
    """The golden answers of a version; KnownError when there are none, for nothing could be proved then."""
    try:
        records = json.loads((folder / GOLDEN_FILE).read_bytes())
        found = tuple(Golden(str(record["prompt"]), tuple(map(int, record["ids"]))) for record in records)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise KnownError(f"{folder / GOLDEN_FILE} is missing or unreadable.", "Train the version again.") from error
    if not found:
        raise KnownError(f"{folder / GOLDEN_FILE} holds no answers.", "Train the version again.")
    return found


def greedy_ids(url: str, token: str, model: str, prompts: Sequence[str]) -> tuple[Ids, ...]:
    """What `model` at `url` answers greedily to each prompt, as token ids; KnownError when it does not answer.

    All are asked at once, since a server generates them together in about the time of one.
    """
    headers = {"Authorization": f"Bearer {token}"}
    with (
        httpx.Client(base_url=url, headers=headers, timeout=PROBE_TIMEOUT_S, trust_env=False) as client,
        ThreadPoolExecutor(MOST_AT_ONCE, "probe") as at_once,
    ):
        return tuple(at_once.map(lambda prompt: _ids(_ask(client, model, prompt), model), prompts))


def _ask(client: httpx.Client, model: str, prompt: str) -> dict[str, Any]:
    body = {
        "model": model,
        "messages": as_records(user(prompt)),
        "temperature": 0,
        "max_tokens": GOLDEN_TOKENS,
        "logprobs": True,
        "top_logprobs": TOP_LOGPROBS,
    }
    try:
        response = client.post("/v1/chat/completions", json=body)
        response.raise_for_status()
        found: dict[str, Any] = response.json()
    except (httpx.HTTPError, ValueError) as error:
        raise KnownError(f"The probe of {model} got no answer: {error}", "See logs/engine.log.") from error
    return found


def _ids(answer: dict[str, Any], model: str) -> Ids:
    try:
        details = answer["choices"][0]["logprobs"] or {"content": ()}  # none for an empty answer
        return tuple(int(token["id"]) for token in details["content"])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise KnownError(f"The probe of {model} got an answer without token ids.", "See logs/engine.log.") from error
