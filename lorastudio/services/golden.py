"""Golden prompts: what a fresh version is asked, so that every deployment can be compared with the trainer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

COUNT = 4
# For sets too small to give enough prompts of their own.
FALLBACK = ("Hello.", "Write one sentence.")


def golden_prompts(folder: Path) -> list[str]:
    """The last user turns of the first rows of a frozen set, each once, at most `COUNT`."""
    unique = dict.fromkeys(frozen_prompts(folder))
    return list(islice(unique, COUNT)) or list(FALLBACK)


def frozen_prompts(folder: Path) -> Iterator[str]:
    """The last user turn of every row of a frozen set that has one, training rows first."""
    for name in ("train.jsonl", "heldout.jsonl"):
        with (folder / name).open(encoding="utf-8") as file:
            for line in file:
                if text := _last_user_turn(json.loads(line)["prompt"]):
                    yield text


def _last_user_turn(prompt: list[dict[str, str]]) -> str:
    return next((turn["content"] for turn in reversed(prompt) if turn["role"] == "user"), "")
