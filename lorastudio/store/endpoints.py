"""The servers that a person added. Keys are in the keychain, never here."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

from lorastudio.domain.changes import Changes
from lorastudio.domain.clock import now
from lorastudio.domain.endpoint import Endpoint, EndpointKind, Protocol, Role, Sampling
from lorastudio.domain.errors import KnownError
from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library

_PLAIN = (
    "name",
    "role",
    "url",
    "model",
    "kind",
    "concurrency",
    "connect_timeout_s",
    "idle_timeout_s",
    "protocol",
    "prompt_price",
    "completion_price",
    "context_length",
    "prefix",
    "key_set_at",
)


def add_endpoint(library: Library, endpoint: Endpoint) -> Endpoint:
    """Add an endpoint; returns it with its id. KnownError when the name is taken."""
    with library.transaction():
        if _find(library, endpoint.name) is not None:
            raise KnownError(
                f"There is an endpoint called {endpoint.name} already.",
                f"Choose another name, or remove it first: lorastudio endpoint remove {endpoint.name}",
            )
        endpoint_id = library.insert("endpoints", _columns(endpoint))
    return replace(endpoint, id=endpoint_id)


def list_endpoints(library: Library, role: Role | None = None) -> list[Endpoint]:
    """All endpoints, or those of one role, in the order in which they were added."""
    rows = library.rows("SELECT * FROM endpoints WHERE :role IS NULL OR role = :role ORDER BY id", {"role": role})
    return [_endpoint(row) for row in rows]


def get_endpoint(library: Library, name: str) -> Endpoint:
    """The endpoint called `name`; KnownError when there is none."""
    return _endpoint(_get(library, name))


def change_endpoint(library: Library, endpoint: Endpoint, *, keep_probe: bool) -> Changes:
    """Put other values in place of all that the endpoint of this name has; KnownError when there is none.

    Without `keep_probe` what the last test found is forgotten: it was true of another server.
    """
    columns = ", ".join(f"{name} = :{name}" for name in _columns(endpoint))
    probe = "" if keep_probe else ", probe = NULL, probed_at = NULL"
    with library.transaction():
        row_id = _get(library, endpoint.name)["id"]
        library.execute(f"UPDATE endpoints SET {columns}{probe} WHERE id = :id", _columns(endpoint) | {"id": row_id})
    return Changes(endpoints=(row_id,))


def remove_endpoint(library: Library, name: str) -> Changes:
    """Forget an endpoint; what it wrote stays. KnownError when there is none of that name."""
    with library.transaction():
        row = _get(library, name)
        library.execute("DELETE FROM endpoints WHERE id = ?", (row["id"],))
    return Changes(endpoints=(row["id"],))


def save_probe(library: Library, name: str, probe: dict[str, Any]) -> None:
    """Keep what the last test of the endpoint found, with the time. KnownError when there is no such endpoint."""
    with library.transaction():
        library.execute(
            "UPDATE endpoints SET probe = ?, probed_at = ? WHERE id = ?",
            (to_json(probe), now(), _get(library, name)["id"]),
        )


def get_probe(library: Library, name: str) -> dict[str, Any] | None:
    """What the last test found and when ("probed_at"); None when it was never tested, or is one of our own."""
    row = _find(library, name)
    return None if row is None or row["probe"] is None else {**from_json(row["probe"]), "probed_at": row["probed_at"]}


def _find(library: Library, name: str) -> sqlite3.Row | None:
    return library.row("SELECT * FROM endpoints WHERE name = ?", (name,))


def _get(library: Library, name: str) -> sqlite3.Row:
    row = _find(library, name)
    if row is None:
        raise KnownError(f"There is no endpoint called {name}.", "`lorastudio endpoint list` shows them.")
    return row


def _columns(endpoint: Endpoint) -> dict[str, Any]:
    """Every column that a person sets, by name."""
    plain = {name: getattr(endpoint, name) for name in _PLAIN}
    return plain | {"headers": to_json(endpoint.headers), "sampling": to_json(endpoint.sampling)}


def _endpoint(row: sqlite3.Row) -> Endpoint:
    return Endpoint(
        **{name: row[name] for name in _PLAIN}
        | {
            "id": row["id"],
            "role": Role(row["role"]),
            "kind": EndpointKind(row["kind"]),
            "protocol": Protocol(row["protocol"]),
            "headers": tuple((name, value) for name, value in from_json(row["headers"])),
            "sampling": Sampling(**from_json(row["sampling"])),
        }
    )
