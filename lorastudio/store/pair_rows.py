"""How a pair stands in its table: reading rows, adding them, and who can see them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import orjson

from lorastudio.domain.clock import now
from lorastudio.domain.errors import BugError
from lorastudio.domain.messages import as_records, from_records
from lorastudio.domain.pair import Decider, NewPair, Origin, Pair, PairState, Split
from lorastudio.store.json_text import from_json, texts_to_json, to_json
from lorastudio.store.library import Library

# Pairs of an import exist for others from its commit on, and not while it is undone. The plus signs keep SQLite
# from collecting and sorting all pairs by this condition's index, where a page by id takes its few at once.
VISIBLE = (
    "(pairs.hidden = 0 AND"
    " (+pairs.import_id IS NULL OR +pairs.import_id IN (SELECT id FROM imports WHERE state = 'committed')))"
)

SELECT_PAIRS = "SELECT pairs.*, groups.name AS group_name, groups.split AS split FROM"
JOIN_GROUPS = "CROSS JOIN groups ON groups.id = pairs.group_id"

_TAKEN = """
SELECT pairs.text_hash AS text_hash, pairs.id AS pair_id, pairs.import_id AS import_id, imports.state AS import_state,
    pairs.hidden AS hidden
FROM pairs LEFT JOIN imports ON imports.id = pairs.import_id
WHERE pairs.text_hash IN (SELECT value FROM json_each(:hashes))
UNION ALL
SELECT edited_texts.text_hash, pairs.id, pairs.import_id, imports.state, pairs.hidden
FROM edited_texts JOIN pairs ON pairs.id = edited_texts.pair_id LEFT JOIN imports ON imports.id = pairs.import_id
WHERE edited_texts.text_hash IN (SELECT value FROM json_each(:hashes))
"""


class Hidden(IntEnum):
    """Why a pair is there for nobody: a split or a merge REPLACED it, or its own making by one was UNMADE."""

    NO = 0
    REPLACED = 1
    UNMADE = 2


@dataclass(frozen=True, slots=True)
class AddedPairs:
    """The ids of the pairs that came in, in order, and how many were there already; of those, how many of the same
    import."""

    ids: tuple[int, ...]
    duplicates: int
    duplicates_in_import: int = 0


def pair_hash(pair: NewPair) -> str:
    """What makes two pairs equal: the SHA-256 (64 hex digits) over prompt, good and bad as JSON."""
    text = texts_to_json([as_records(pair.prompt), pair.good, pair.bad])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def insert_pairs(
    library: Library, pairs: Sequence[NewPair], *, state: PairState, decider: Decider, import_id: int | None
) -> AddedPairs:
    """Add those of `pairs` that are new; to an import when `import_id` says so, else for everybody to see.

    Equal to a pair that is there, or that was there before it was edited: a duplicate. A group without a
    split is a BugError.
    """
    hashes = [pair_hash(pair) for pair in pairs]
    standing = {"state": state, "decided_by": decider, "import_id": import_id}
    created_at = now()
    with library.transaction():
        group_ids = _group_ids(library, {pair.group for pair in pairs})
        taken = _taken(library, hashes, staged_too=import_id is not None)
        first_id = 1 + (library.value("SELECT seq FROM sqlite_sequence WHERE name = 'pairs'") or 0)
        rows: list[dict[str, Any]] = []
        inside = 0
        for pair, digest in zip(pairs, hashes, strict=True):
            twin = taken.setdefault(digest, _Twin(first_id + len(rows), import_id))
            if twin.pair_id == first_id + len(rows):
                rows.append(_as_row(pair, digest, group_ids[pair.group], created_at) | standing | {"id": twin.pair_id})
            else:
                inside += import_id is not None and twin.import_id == import_id
        _insert(library, rows)
    return AddedPairs(tuple(row["id"] for row in rows), len(pairs) - len(rows), inside)


def _insert(library: Library, rows: Sequence[dict[str, Any]]) -> None:
    """Add rows to the table, nearly all of them by one statement: while it runs other threads of Python go on, who
    would take their turn after each row otherwise. JSON in SQLite ends a text at its first NUL and may round the last
    digit of a figure; rows with either go in one by one.
    """
    plain, others = [], []
    for row in rows:
        packed = _packed(row)
        if packed is None:
            others.append(row)
        else:
            plain.append(packed)
    if plain:
        columns = list(rows[0])
        picked = ", ".join(f"value ->> {place}" for place in range(len(columns)))
        library.execute(
            f"INSERT INTO pairs ({', '.join(columns)}) SELECT {picked} FROM json_each(?)",
            (f"[{b','.join(plain).decode()}]",),
        )
    if others:
        places = ", ".join(f":{name}" for name in others[0])
        library.execute_many(f"INSERT INTO pairs ({', '.join(others[0])}) VALUES ({places})", others)


def _packed(row: dict[str, Any]) -> bytes | None:
    """The values of a row as JSON that SQLite reads exactly; None where there is no such."""
    if row["margin"] is not None or row["confidence"] is not None:
        return None
    try:
        packed = orjson.dumps([*row.values()])
    except TypeError:  # half a character (a lone surrogate), which no column can hold either
        return None
    return None if b"\\u0000" in packed else packed


def insert_unmade(library: Library, pair: NewPair, *, state: PairState, decider: Decider) -> int:
    """Add a pair for an action to show; returns its id. Its text must be free (`taken_hashes`)."""
    group_id = _group_ids(library, {pair.group})[pair.group]
    standing = {"state": state, "decided_by": decider, "import_id": pair.import_id, "hidden": Hidden.UNMADE}
    return library.insert("pairs", _as_row(pair, pair_hash(pair), group_id, now()) | standing)


def sweep_unmade(library: Library) -> None:
    """Remove the pairs whose making was undone for good: no redo can bring them back."""
    library.execute(
        "DELETE FROM pairs WHERE id IN (SELECT pair_id FROM pair_facets WHERE cell_id IN"
        " (SELECT id FROM pair_cells WHERE hidden = :unmade AND pairs > 0)) AND NOT EXISTS"
        " (SELECT 1 FROM action_pairs JOIN actions ON actions.id = action_pairs.action_id"
        " WHERE action_pairs.pair_id = pairs.id AND actions.state = 'undone')",
        {"unmade": Hidden.UNMADE},
    )


def known_hashes(library: Library, hashes: Sequence[str]) -> set[str]:
    """Of `hashes` those that belong to a pair that is there, now or before an edit. Writes nothing."""
    rows = library.rows(_TAKEN, {"hashes": to_json(hashes)})
    return {row["text_hash"] for row in rows if not _gives_way(row, staged_too=False)}


def taken_hashes(library: Library, hashes: Sequence[str], *, staged_too: bool) -> dict[str, int]:
    """Of `hashes` those that belong to a pair, now or before an edit, with that pair's id.

    Pairs that nobody can see give way: they are removed when they are of an undone import or their making was
    undone, and, unless `staged_too`, also when their import is not committed yet. Those that a split or a merge
    replaced keep their texts: what a person took apart does not come in again.
    """
    return {digest: twin.pair_id for digest, twin in _taken(library, hashes, staged_too=staged_too).items()}


class _Twin(NamedTuple):
    """The pair that has a text already."""

    pair_id: int
    import_id: int | None


def _taken(library: Library, hashes: Sequence[str], *, staged_too: bool) -> dict[str, _Twin]:
    """See `taken_hashes`."""
    taken: dict[str, _Twin] = {}
    in_the_way: set[int] = set()
    for row in library.rows(_TAKEN, {"hashes": to_json(hashes)}):
        if _gives_way(row, staged_too=staged_too):
            in_the_way.add(row["pair_id"])
        else:
            taken[row["text_hash"]] = _Twin(row["pair_id"], row["import_id"])
    if in_the_way:
        library.execute(
            "DELETE FROM pairs WHERE id IN (SELECT value FROM json_each(?))", (to_json(sorted(in_the_way)),)
        )
    return taken


def _gives_way(row: sqlite3.Row, *, staged_too: bool) -> bool:
    if row["hidden"] == Hidden.UNMADE:
        return True
    there = row["import_state"] in (None, "committed") or (staged_too and row["import_state"] == "staged")
    return not there


def as_pair(row: sqlite3.Row) -> Pair:
    """A row of `SELECT_PAIRS` as a pair."""
    return Pair(
        prompt=from_records(from_json(row["prompt"])),
        good=row["good"],
        bad=row["bad"],
        group=row["group_name"],
        origin=Origin(row["origin"]),
        language=row["language"],
        margin=row["margin"],
        confidence=row["confidence"],
        iteration=row["iteration"],
        cycle_id=row["cycle_id"],
        question_id=row["question_id"],
        good_draft_id=row["good_draft_id"],
        bad_draft_id=row["bad_draft_id"],
        import_id=row["import_id"],
        lint=tuple(from_json(row["lint"])),
        extra=from_json(row["extra"]),
        id=row["id"],
        state=PairState(row["state"]),
        decided_by=Decider(row["decided_by"]),
        split=Split(row["split"]),
        text_hash=row["text_hash"],
        created_at=row["created_at"],
    )


def _as_row(pair: NewPair, digest: str, group_id: int, created_at: str) -> dict[str, Any]:
    return {
        "text_hash": digest,
        "prompt": texts_to_json(as_records(pair.prompt)),
        "good": pair.good,
        "bad": pair.bad,
        "group_id": group_id,
        "origin": pair.origin,
        "language": pair.language,
        "margin": pair.margin,
        "confidence": pair.confidence,
        "iteration": pair.iteration,
        "cycle_id": pair.cycle_id,
        "question_id": pair.question_id,
        "good_draft_id": pair.good_draft_id,
        "bad_draft_id": pair.bad_draft_id,
        "lint": texts_to_json(pair.lint),
        "extra": to_json(pair.extra) if pair.extra else "{}",
        "created_at": created_at,
    }


def _group_ids(library: Library, groups: set[str]) -> dict[str, int]:
    # One row, whatever there are: each row is a moment in which another thread may take its turn.
    found: dict[str, int] = from_json(
        library.value(
            "SELECT json_group_object(name, id) FROM groups WHERE name IN (SELECT value FROM json_each(?))",
            (to_json(sorted(groups)),),
        )
    )
    if missing := groups - set(found):
        raise BugError(f"No split was assigned to {len(missing)} groups, {min(missing)!r} for one.")
    return found
