"""What a run is about to learn from, whole: what the worker counted, with what freezing had known before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lorastudio.services.freezing import FrozenDataset, frozen_left_out


def with_freezing(folder: Path, message: dict[str, Any]) -> dict[str, Any]:
    """A message of the worker; the `data` message with two fields more, all others as they are.

    `languages` counts the frozen rows of each side by language; `not_frozen` lists the rows that reached no side,
    by reason, as `left_out` does the worker's.
    """
    if message["type"] != "data":
        return message
    ids: dict[str, list[int]] = {}
    for row in frozen_left_out(folder):
        ids.setdefault(row["reason"], []).append(row["id"])
    not_frozen = [{"reason": reason, "ids": rows} for reason, rows in ids.items()]
    return message | {"languages": FrozenDataset.read(folder).languages, "not_frozen": not_frozen}
