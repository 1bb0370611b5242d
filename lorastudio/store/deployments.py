"""The journal of deployments, and the pointer to what is live on each target."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from lorastudio.domain.clock import now
from lorastudio.domain.errors import BugError
from lorastudio.store.library import Library

LOCAL_TARGET = "local"

DeploymentKind = Literal["deploy", "rollback", "forced"]
DeploymentEnd = Literal["done", "failed", "undone"]


@dataclass(frozen=True, slots=True)
class Deployment:
    """One entry of the journal; `version` and `previous` None mean the bare base model.

    `state` runs from "intended" over "flipped" (the pointer shows the new version) to "done", "failed" or
    "undone". `reason` is what the person gave, `note` how it ended.
    """

    id: int
    target: str
    version: int | None
    previous: int | None
    kind: str
    reason: str
    state: str
    note: str
    started_at: str
    finished_at: str


def begin_deployment(
    library: Library, *, target: str, version: int | None, previous: int | None, kind: DeploymentKind, reason: str
) -> int:
    """Write down what is intended before anything happens; returns the id of the entry."""
    return library.insert(
        "deployments",
        {
            "target": target,
            "version": version,
            "previous": previous,
            "kind": kind,
            "reason": reason,
            "state": "intended",
            "note": "",
            "started_at": now(),
            "finished_at": "",
        },
    )


def flip(library: Library, deployment_id: int) -> None:
    """Point the target at the deployment's version, and say so in the journal, together."""
    with library.transaction():
        deployment = get_deployment(library, deployment_id)
        if deployment.state != "intended":
            raise BugError(f"Deployment {deployment_id} can't be flipped: it is {deployment.state}.")
        _point(library, deployment, deployment.version)
        library.execute("UPDATE deployments SET state = 'flipped' WHERE id = ?", (deployment_id,))


def finish_deployment(library: Library, deployment_id: int, state: DeploymentEnd, note: str) -> None:
    """End an entry. When it was flipped and failed or is undone, the pointer goes back to `previous` with it."""
    with library.transaction():
        deployment = get_deployment(library, deployment_id)
        if deployment.finished_at:
            raise BugError(f"Deployment {deployment_id} is finished: it is {deployment.state}.")
        if state != "done" and deployment.state == "flipped":
            _point(library, deployment, deployment.previous)
        library.execute(
            "UPDATE deployments SET state = ?, note = ?, finished_at = ? WHERE id = ?",
            (state, note, now(), deployment_id),
        )


def live_version(library: Library, target: str = LOCAL_TARGET) -> int | None:
    """The version that the target's pointer shows; None for the bare base model, or when nothing was deployed."""
    version: int | None = library.value("SELECT version FROM live_versions WHERE target = ?", (target,))
    return version


def get_deployment(library: Library, deployment_id: int) -> Deployment:
    """The entry; BugError when there is none."""
    row = library.row("SELECT * FROM deployments WHERE id = ?", (deployment_id,))
    if row is None:
        raise BugError(f"There is no deployment {deployment_id}.")
    return _deployment(row)


def unfinished_deployments(library: Library) -> list[Deployment]:
    """What a crash left in the middle: entries that are intended or flipped, oldest first."""
    rows = library.rows("SELECT * FROM deployments WHERE state IN ('intended', 'flipped') ORDER BY id")
    return [_deployment(row) for row in rows]


def list_deployments(library: Library) -> list[Deployment]:
    """The whole journal, oldest first."""
    return [_deployment(row) for row in library.rows("SELECT * FROM deployments ORDER BY id")]


def _point(library: Library, deployment: Deployment, version: int | None) -> None:
    library.execute(
        "INSERT OR REPLACE INTO live_versions (target, version, deployment_id) VALUES (?, ?, ?)",
        (deployment.target, version, deployment.id),
    )


def _deployment(row: sqlite3.Row) -> Deployment:
    return Deployment(**dict(row))
