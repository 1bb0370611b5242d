"""Cycles: rounds of drafting, and where the pipeline behind each of them stands."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

from lorastudio.domain.clock import now
from lorastudio.domain.draft import Cycle, CycleState
from lorastudio.domain.errors import KnownError
from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library
from lorastudio.store.pair_rows import VISIBLE
from lorastudio.store.questions import NewQuestion, add_questions, count_questions, list_all_questions

__all__ = [
    "NewQuestion",
    "Stage",
    "count_pairs",
    "count_questions",
    "create_cycle",
    "get_cycle",
    "get_stage",
    "list_all_questions",
    "list_cycles",
    "set_cycle_state",
    "set_stage",
]

FIRST_STAGE = "drafting"


class Stage(NamedTuple):
    """Where a cycle's pipeline stands (drafting, extracting, training, gating, deploying, finished), with its notes."""

    name: str
    data: dict[str, Any]


def create_cycle(
    library: Library,
    *,
    seed: int,
    max_iterations: int,
    writer: str,
    critic: str,
    writer_version: int | None,
    settings: dict[str, Any],
    questions: Sequence[NewQuestion],
) -> Cycle:
    """Begin a cycle with its questions, whose positions count from 0. Its stage is "drafting"."""
    with library.transaction():
        cycle_id = library.insert(
            "cycles",
            {
                "state": CycleState.RUNNING,
                "seed": seed,
                "max_iterations": max_iterations,
                "writer": writer,
                "critic": critic,
                "writer_version": writer_version,
                "settings": to_json(settings),
                "stage": FIRST_STAGE,
                "stage_data": to_json({}),
                "created_at": now(),
            },
        )
        add_questions(library, cycle_id, questions)
        return get_cycle(library, cycle_id)


def get_cycle(library: Library, cycle_id: int) -> Cycle:
    """The cycle; KnownError when there is none."""
    return _cycle(_get(library, cycle_id))


def list_cycles(library: Library, state: CycleState | None = None) -> list[Cycle]:
    """All cycles, or those in one state, oldest first."""
    rows = library.rows("SELECT * FROM cycles WHERE :state IS NULL OR state = :state ORDER BY id", {"state": state})
    return [_cycle(row) for row in rows]


def set_cycle_state(library: Library, cycle_id: int, state: CycleState) -> None:
    library.execute("UPDATE cycles SET state = ? WHERE id = ?", (state, cycle_id))


def count_pairs(library: Library, cycle_id: int) -> int:
    """How many pairs came from a cycle."""
    return int(library.value(f"SELECT count(*) FROM pairs WHERE cycle_id = ? AND {VISIBLE}", (cycle_id,)))


def get_stage(library: Library, cycle_id: int) -> Stage:
    """The stage that was set last; KnownError when there is no such cycle."""
    row = _get(library, cycle_id)
    return Stage(row["stage"], from_json(row["stage_data"]))


def set_stage(library: Library, cycle_id: int, stage: str, data: dict[str, Any]) -> None:
    """Remember that the cycle's pipeline now stands at `stage`, with what it needs to go on there."""
    library.execute("UPDATE cycles SET stage = ?, stage_data = ? WHERE id = ?", (stage, to_json(data), cycle_id))


def _get(library: Library, cycle_id: int) -> sqlite3.Row:
    row = library.row("SELECT * FROM cycles WHERE id = ?", (cycle_id,))
    if row is None:
        raise KnownError(f"There is no cycle {cycle_id}.")
    return row


def _cycle(row: sqlite3.Row) -> Cycle:
    return Cycle(
        id=row["id"],
        state=CycleState(row["state"]),
        seed=row["seed"],
        max_iterations=row["max_iterations"],
        writer=row["writer"],
        critic=row["critic"],
        writer_version=row["writer_version"],
        settings=from_json(row["settings"]),
        created_at=row["created_at"],
    )
