"""Imports: a file's pairs are staged in short transactions, seen by nobody, until one commit makes them exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lorastudio.domain.changes import Changes
from lorastudio.domain.clock import now
from lorastudio.domain.errors import BugError
from lorastudio.domain.history import Actor
from lorastudio.domain.pair import Decider, NewPair, PairState
from lorastudio.store.actions import ActionKind, ActionState, log_action
from lorastudio.store.json_text import to_json
from lorastudio.store.library import Library
from lorastudio.store.pair_cells import sweep_cells
from lorastudio.store.pair_rows import AddedPairs, insert_pairs, sweep_unmade

_REMOVED_AT_ONCE = 200


def begin_import(
    library: Library,
    path: Path | str,
    format: str,
    *,
    state: PairState = PairState.PENDING,
    decider: Decider = Decider.NOBODY,
    part_of: int | None = None,
) -> int:
    """Begin to read a file; returns the import's id. `part_of` is the first of the imports that make one undo step.

    Where state and decider are known now, the commit is one small update however many pairs there are.
    """
    return library.insert(
        "imports",
        {
            "path": str(path),
            "format": format,
            "state": "staged",
            "pair_state": state,
            "decided_by": decider,
            "started_at": now(),
            "part_of": part_of,
        },
    )


def stage_pairs(library: Library, import_id: int, pairs: Sequence[NewPair]) -> AddedPairs:
    """Add pairs, a few hundred at a time, to an import that is not committed yet."""
    with library.transaction():
        staged = _staged(library, import_id)
        state, decider = PairState(staged["pair_state"]), Decider(staged["decided_by"])
        return insert_pairs(library, pairs, state=state, decider=decider, import_id=import_id)


def commit_import(
    library: Library,
    import_id: int,
    *,
    state: PairState,
    decider: Decider,
    report: dict[str, Any],
    label: str = "",
) -> Changes:
    """Make the staged pairs exist, in `state`, as one undo step; `report` is kept with the import.

    `label` names the step where it is no file's import.
    """
    with library.transaction():
        staged = _staged(library, import_id)
        if (staged["pair_state"], staged["decided_by"]) != (state, decider):
            library.execute(
                "UPDATE pairs SET state = ?, decided_by = ? WHERE import_id = ?", (state, decider, import_id)
            )
            library.execute(
                "UPDATE imports SET pair_state = ?, decided_by = ? WHERE id = ?", (state, decider, import_id)
            )
        count = library.value("SELECT count(*) FROM pairs WHERE import_id = ?", (import_id,))
        label = commit_imports(library, {import_id: report}, num_pairs=count, label=label)
    ids = library.integers("SELECT id FROM pairs WHERE import_id = ? ORDER BY id", (import_id,))
    return Changes(pairs=tuple(ids), undo_label=label)


def commit_imports(library: Library, reports: Mapping[int, dict[str, Any]], *, num_pairs: int, label: str = "") -> str:
    """Make the pairs of several imports exist as one undo step, in the states they were begun with; returns its label,
    by default after the files, empty where there are no pairs. The first import is what the others are a part of.

    A few small updates, however many pairs there are: nobody who saves meanwhile waits.
    """
    if not reports:
        return ""
    with library.transaction():
        paths = [_staged(library, import_id)["path"] for import_id in reports]
        for import_id, report in reports.items():
            library.execute(
                "UPDATE imports SET state = 'committed', report = ?, committed_at = ? WHERE id = ?",
                (to_json(report), now(), import_id),
            )
        if not num_pairs:
            return ""
        label = label or f"import of {Path(paths[0]).name if len(paths) == 1 else f'{len(paths)} files'}"
        log_action(library, ActionKind.IMPORT, label, min(reports), who=Actor.IMPORT, num_pairs=num_pairs)
        return label


def import_path(library: Library, import_id: int) -> str:
    """What an import read, as it was named then."""
    path: str | None = library.value("SELECT path FROM imports WHERE id = ?", (import_id,))
    if path is None:
        raise BugError(f"There is no import {import_id}.")
    return path


def drop_import(library: Library, import_id: int) -> None:
    """Give up an import that is not committed, with all its staged pairs; in many short transactions."""
    _staged(library, import_id)
    _remove(library, import_id)


def sweep_imports(library: Library) -> int:
    """At start-up: remove what unfinished imports left, and imports that were undone for good.

    Returns how many unfinished ones there were. An undone import is kept while redo can bring it back.
    """
    unfinished = library.rows("SELECT id FROM imports WHERE state = 'staged'")
    undone = library.rows(
        "SELECT imports.id AS id FROM imports JOIN actions ON actions.import_id IN (imports.id, imports.part_of)"
        " WHERE imports.state = 'undone' AND actions.state = ?",
        (ActionState.DISCARDED,),
    )
    for row in (*unfinished, *undone):
        _remove(library, row["id"])
    with library.transaction():
        sweep_unmade(library)
        sweep_cells(library)
    return len(unfinished)


def _staged(library: Library, import_id: int) -> dict[str, str]:
    row = library.row(
        "SELECT path, pair_state, decided_by FROM imports WHERE id = ? AND state = 'staged'", (import_id,)
    )
    if row is None:
        raise BugError(f"There is no import {import_id} that still waits for its commit.")
    return dict(row)


def _remove(library: Library, import_id: int) -> None:
    """Remove an import's pairs, a few at a time, so that nobody who saves waits; a crash leaves the rest for the next
    sweep."""
    while library.execute(
        "DELETE FROM pairs WHERE id IN (SELECT id FROM pairs WHERE import_id = ? LIMIT ?)",
        (import_id, _REMOVED_AT_ONCE),
    ):
        pass
    library.execute("UPDATE imports SET state = 'swept' WHERE id = ?", (import_id,))
