"""What a run is about to learn from: how many rows and tokens, and every row that is left out, by reason."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lorastudio.worker.rows import LeftOut, TrainRow
from lorastudio.worker.thinking import ThinkingSwitch


def data_report(
    files: Mapping[str, tuple[Sequence[TrainRow], Sequence[LeftOut]]], thinking: ThinkingSwitch, max_length: int
) -> dict[str, Any]:
    """The protocol's `data` message. `files` are the rows used and left out by the file's name."""
    return {
        "type": "data",
        "max_length": max_length,
        "thinking": thinking.as_record(),
        "files": {name: _file_report(rows, left_out) for name, (rows, left_out) in files.items()},
    }


def _file_report(rows: Sequence[TrainRow], left_out: Sequence[LeftOut]) -> dict[str, Any]:
    answers = [answer for row in rows if (answer := row.good or row.bad) is not None]
    return {
        "rows": len(rows),
        "prompt": _token_statistics([len(answer.prompt) for answer in answers]),
        "good": _token_statistics([len(row.good.answer) for row in rows if row.good is not None]),
        "bad": _token_statistics([len(row.bad.answer) for row in rows if row.bad is not None]),
        "left_out": _by_reason(left_out),
    }


def _token_statistics(lengths: Sequence[int]) -> dict[str, int] | None:
    """Count and token figures of some texts, None for no texts. Quantiles are lengths that occur (nearest rank)."""
    if not lengths:
        return None
    ordered = sorted(lengths)
    return {
        "count": len(ordered),
        "min": ordered[0],
        "median": ordered[math.ceil(0.5 * len(ordered)) - 1],
        "p95": ordered[math.ceil(0.95 * len(ordered)) - 1],
        "max": ordered[-1],
        "total": sum(ordered),
    }


def _by_reason(left_out: Sequence[LeftOut]) -> list[dict[str, Any]]:
    """The commonest reason first; among equals, by the words."""
    ids: dict[str, list[int]] = {}
    for row in left_out:
        ids.setdefault(row.reason, []).append(row.row_id)
    return [{"reason": reason, "ids": ids[reason]} for reason in sorted(ids, key=lambda each: (-len(ids[each]), each))]
