"""Looks: each time the gate questions are used to judge a version. Looks are counted, because they are paid for."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from typing import Any

from lorastudio.domain.clock import now
from lorastudio.domain.errors import BugError
from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library


@dataclass(frozen=True, slots=True)
class GateLook:
    """One look at the gate questions; `report` is None until it is finished.

    `number` is 1 + the looks at the same set of questions that were finished before. `seed_base` is what the
    look's sampling seeds derive from.
    """

    id: int
    number: int
    version: int
    against: str
    seed_base: int
    started_at: str
    report: dict[str, Any] | None = None
    finished_at: str | None = None


def begin_look(library: Library, version: int, against: str, seed_base: int) -> GateLook:
    """Begin to judge `version` against `against`.

    A look of the same version, opponent and questions that was killed is taken up again with its own id and
    seeds, so that it is not paid for twice and can't be repeated until luck helps.
    """
    with library.transaction():
        questions = _question_set(library)
        finished = library.value(
            "SELECT count(*) FROM gate_looks WHERE question_set = ? AND finished_at IS NOT NULL", (questions,)
        )
        look_id = library.value(
            "SELECT max(id) FROM gate_looks"
            " WHERE version = ? AND against = ? AND question_set = ? AND finished_at IS NULL",
            (version, against, questions),
        )
        if look_id is None:
            look_id = library.insert(
                "gate_looks",
                {
                    "version": version,
                    "against": against,
                    "question_set": questions,
                    "number": finished + 1,
                    "seed_base": seed_base,
                    "started_at": now(),
                },
            )
        library.execute("UPDATE gate_looks SET number = ? WHERE id = ?", (finished + 1, look_id))
        return _get(library, look_id)


def finish_look(library: Library, look_id: int, report: dict[str, Any]) -> GateLook:
    """Keep the report of a look; from now on the look counts."""
    with library.transaction():
        touched = library.execute(
            "UPDATE gate_looks SET report = ?, finished_at = ? WHERE id = ? AND finished_at IS NULL",
            (to_json(report), now(), look_id),
        )
        if touched != 1:
            raise BugError(f"Look {look_id} is not under way.")
        return _get(library, look_id)


def list_looks(library: Library, version: int | None = None) -> list[GateLook]:
    """All looks, or those at one version, oldest first."""
    rows = library.rows(
        "SELECT * FROM gate_looks WHERE :version IS NULL OR version = :version ORDER BY id", {"version": version}
    )
    return [_look(row) for row in rows]


def last_report(library: Library, version: int) -> dict[str, Any] | None:
    """The report of the last finished look at `version`, None when it was never judged."""
    finished = [look.report for look in list_looks(library, version) if look.report is not None]
    return finished[-1] if finished else None


def _question_set(library: Library) -> str:
    keys = [row["text_key"] for row in library.rows("SELECT text_key FROM gate_questions ORDER BY text_key")]
    return hashlib.sha256(to_json(keys).encode()).hexdigest()


def _get(library: Library, look_id: int) -> GateLook:
    row = library.row("SELECT * FROM gate_looks WHERE id = ?", (look_id,))
    if row is None:
        raise BugError(f"There is no look {look_id}.")
    return _look(row)


def _look(row: sqlite3.Row) -> GateLook:
    return GateLook(
        id=row["id"],
        number=row["number"],
        version=row["version"],
        against=row["against"],
        seed_base=row["seed_base"],
        started_at=row["started_at"],
        report=None if row["report"] is None else from_json(row["report"]),
        finished_at=row["finished_at"],
    )
