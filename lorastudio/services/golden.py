"""Golden prompts: what a fresh version is asked, so that every deployment can be compared with the trainer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from lorastudio.domain.pair import Split
from lorastudio.services.freezing import frozen_rows

COUNT = 4
# Always among them: the prompts of a set may all be too long for a short probe.
PLAIN_PROMPT = "Hello."


def golden_prompts(folder: Path) -> list[str]:
    """The last user turns of the first rows of a frozen set, each once, at most `COUNT`, and a plain one."""
    unique = dict.fromkeys(frozen_prompts(folder))
    return [*islice(unique, COUNT), PLAIN_PROMPT]


def frozen_prompts(folder: Path) -> Iterator[str]:
    """The last user turn of every row of a frozen set that has one, training rows first."""
    for side in (Split.TRAIN, Split.HELDOUT):
        for row in frozen_rows(folder, side):
            if text := _last_user_turn(row["prompt"]):
                yield text


def _last_user_turn(prompt: list[dict[str, str]]) -> str:
    return next((turn["content"] for turn in reversed(prompt) if turn["role"] == "user"), "")
