"""Training runs and what their workers said."""

from __future__ import annotations

import sqlite3
from typing import Any

from lorastudio.domain.clock import now
from lorastudio.domain.errors import BugError, KnownError
from lorastudio.domain.run import Run, RunState
from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library

_CHANGEABLE = frozenset(
    {"state", "config", "base_model", "dataset_hash", "num_examples", "result", "error", "finished_at"}
)
_JSON_FIELDS = frozenset({"config", "result"})
# A run in one of these states will never write its version, so the number goes to the next run.
_GIVES_ITS_NUMBER_BACK = frozenset({RunState.FAILED, RunState.DISCARDED})


def create_run(
    library: Library,
    *,
    config: dict[str, Any],
    base_model: str,
    dataset_hash: str = "",
    num_examples: int = 0,
    parent_version: int | None = None,
    cycle_id: int | None = None,
    state: RunState = RunState.PREPARED,
) -> Run:
    """Begin a run. The hash and number of its examples may follow when they are frozen (`update_run`)."""
    with library.transaction():
        run_id = library.insert(
            "runs",
            {
                "state": state,
                "config": to_json(config),
                "base_model": base_model,
                "dataset_hash": dataset_hash,
                "num_examples": num_examples,
                "parent_version": parent_version,
                "cycle_id": cycle_id,
                "result": to_json({}),
                "error": "",
                "created_at": now(),
                "finished_at": "",
            },
        )
        return get_run(library, run_id)


def get_run(library: Library, run_id: int) -> Run:
    """The run; KnownError when there is none."""
    row = library.row("SELECT * FROM runs WHERE id = ?", (run_id,))
    if row is None:
        raise KnownError(f"There is no run {run_id}.", "`lorastudio runs` lists them.")
    return _run(row)


def list_runs(library: Library, state: RunState | None = None) -> list[Run]:
    """All runs, or those in one state, oldest first."""
    rows = library.rows("SELECT * FROM runs WHERE :state IS NULL OR state = :state ORDER BY id", {"state": state})
    return [_run(row) for row in rows]


def update_run(library: Library, run_id: int, **fields: Any) -> Run:
    """Change fields of a run: state, config, base_model, dataset_hash, num_examples, result, error, finished_at.

    A run that fails or is discarded gives its reserved version number back. Other fields: BugError.
    """
    if unknown := set(fields) - _CHANGEABLE:
        raise BugError(f"A run's {', '.join(sorted(unknown))} can't be changed.")
    values = {name: to_json(value) if name in _JSON_FIELDS else value for name, value in fields.items()}
    if fields.get("state") in _GIVES_ITS_NUMBER_BACK:
        values["reserved_version"] = None
    with library.transaction():
        if values:
            assignments = ", ".join(f"{name} = :{name}" for name in values)
            library.execute(f"UPDATE runs SET {assignments} WHERE id = :run_id", {**values, "run_id": run_id})
        return get_run(library, run_id)


def reserve_version(library: Library, run_id: int) -> int:
    """The number of the version that the run will write; asked again it is the same number.

    Numbers follow each other without gaps, as long as runs finish in the order in which they reserve.
    """
    with library.transaction():
        reserved = get_run(library, run_id).reserved_version
        if reserved is not None:
            return reserved
        number: int = library.value(
            "SELECT 1 + max(coalesce((SELECT max(version) FROM versions), 0),"
            " coalesce((SELECT max(reserved_version) FROM runs), 0))"
        )
        library.execute("UPDATE runs SET reserved_version = ? WHERE id = ?", (number, run_id))
        return number


def mark_runs_interrupted(library: Library) -> int:
    """At start-up: runs that were running when the program died are interrupted; returns how many."""
    return library.execute("UPDATE runs SET state = ? WHERE state = ?", (RunState.INTERRUPTED, RunState.RUNNING))


def add_run_event(library: Library, run_id: int, record: dict[str, Any]) -> None:
    """Append what happened in a run; its kind is the record's "type" (the worker's word) or "event"."""
    kind = record.get("type") or record.get("event")
    if not isinstance(kind, str):
        raise BugError("A record of a run without type or event.")
    library.insert("run_events", {"run_id": run_id, "kind": kind, "record": to_json(record)})


def list_run_events(library: Library, run_id: int, kind: str | None = None) -> list[dict[str, Any]]:
    """What happened in a run in order, all or the records of one kind ("step", "eval", ...)."""
    rows = library.rows(
        "SELECT record FROM run_events WHERE run_id = :run_id AND (:kind IS NULL OR kind = :kind) ORDER BY id",
        {"run_id": run_id, "kind": kind},
    )
    return [from_json(row["record"]) for row in rows]


def _run(row: sqlite3.Row) -> Run:
    return Run(
        id=row["id"],
        state=RunState(row["state"]),
        config=from_json(row["config"]),
        base_model=row["base_model"],
        dataset_hash=row["dataset_hash"],
        num_examples=row["num_examples"],
        parent_version=row["parent_version"],
        cycle_id=row["cycle_id"],
        reserved_version=row["reserved_version"],
        result=from_json(row["result"]),
        error=row["error"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
    )
