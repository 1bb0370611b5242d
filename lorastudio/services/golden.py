"""Golden prompts: what a fresh version is asked, so that every deployment can be compared with the trainer."""

from __future__ import annotations

import json
from pathlib import Path

COUNT = 4
# For sets too small to give enough prompts of their own.
FALLBACK = ("Hello.", "Write one sentence.")


def golden_prompts(folder: Path) -> list[str]:
    """The last user turns of the first rows of a frozen set, each once, at most `COUNT`."""
    prompts: list[str] = []
    for name in ("train.jsonl", "heldout.jsonl"):
        with (folder / name).open(encoding="utf-8") as file:
            for line in file:
                text = _last_user_turn(json.loads(line)["prompt"])
                if text and text not in prompts:
                    prompts.append(text)
                if len(prompts) == COUNT:
                    return prompts
    return prompts or list(FALLBACK)


def _last_user_turn(prompt: list[dict[str, str]]) -> str:
    return next((turn["content"] for turn in reversed(prompt) if turn["role"] == "user"), "")
