"""How a pair stands in its table: reading rows, adding them, and who can see them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lorastudio.domain.clock import now
from lorastudio.domain.errors import BugError
from lorastudio.domain.messages import as_records, from_records
from lorastudio.domain.pair import Decider, NewPair, Origin, Pair, PairState, Split
from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library

# Pairs of an import exist for others from its commit on, and not while it is undone. The plus signs keep SQLite
# from collecting and sorting all pairs by this condition's index, where a page by id takes its few at once.
VISIBLE = "(+pairs.import_id IS NULL OR +pairs.import_id IN (SELECT id FROM imports WHERE state = 'committed'))"

SELECT_PAIRS = "SELECT pairs.*, groups.name AS group_name, groups.split AS split FROM"
JOIN_GROUPS = "CROSS JOIN groups ON groups.id = pairs.group_id"

_TAKEN = """
SELECT pairs.text_hash AS text_hash, pairs.id AS pair_id, imports.state AS import_state
FROM pairs LEFT JOIN imports ON imports.id = pairs.import_id
WHERE pairs.text_hash IN (SELECT value FROM json_each(:hashes))
UNION ALL
SELECT edited_texts.text_hash, pairs.id, imports.state
FROM edited_texts JOIN pairs ON pairs.id = edited_texts.pair_id LEFT JOIN imports ON imports.id = pairs.import_id
WHERE edited_texts.text_hash IN (SELECT value FROM json_each(:hashes))
"""


@dataclass(frozen=True, slots=True)
class AddedPairs:
    """The ids of the pairs that came in, in order, and how many were there already."""

    ids: tuple[int, ...]
    duplicates: int


def pair_hash(pair: NewPair) -> str:
    """What makes two pairs equal: the SHA-256 (64 hex digits) over prompt, good and bad as JSON."""
    text = to_json([as_records(pair.prompt), pair.good, pair.bad])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def insert_pairs(
    library: Library, pairs: Sequence[NewPair], *, state: PairState, decider: Decider, import_id: int | None
) -> AddedPairs:
    """Add those of `pairs` that are new; to an import when `import_id` says so, else for everybody to see.

    Equal to a pair that is there, or that was there before it was edited: a duplicate. A group without a
    split is a BugError.
    """
    hashes = [pair_hash(pair) for pair in pairs]
    with library.transaction():
        group_ids = _group_ids(library, {pair.group for pair in pairs})
        taken = set(taken_hashes(library, hashes, staged_too=import_id is not None))
        ids: list[int] = []
        for pair, digest in zip(pairs, hashes, strict=True):
            if digest not in taken:
                taken.add(digest)
                row = _as_row(pair, digest, group_ids[pair.group])
                ids.append(
                    library.insert("pairs", row | {"state": state, "decided_by": decider, "import_id": import_id})
                )
    return AddedPairs(ids=tuple(ids), duplicates=len(pairs) - len(ids))


def taken_hashes(library: Library, hashes: Sequence[str], *, staged_too: bool) -> dict[str, int]:
    """Of `hashes` those that belong to a pair, now or before an edit, with that pair's id.

    Pairs that nobody can see give way: they are removed when they are of an undone import, and, unless
    `staged_too`, also when their import is not committed yet.
    """
    taken: dict[str, int] = {}
    in_the_way: set[int] = set()
    for row in library.rows(_TAKEN, {"hashes": to_json(hashes)}):
        if row["import_state"] in (None, "committed") or (staged_too and row["import_state"] == "staged"):
            taken[row["text_hash"]] = row["pair_id"]
        else:
            in_the_way.add(row["pair_id"])
    if in_the_way:
        library.execute(
            "DELETE FROM pairs WHERE id IN (SELECT value FROM json_each(?))", (to_json(sorted(in_the_way)),)
        )
    return taken


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


def _as_row(pair: NewPair, digest: str, group_id: int) -> dict[str, Any]:
    return {
        "text_hash": digest,
        "prompt": to_json(as_records(pair.prompt)),
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
        "lint": to_json(pair.lint),
        "extra": to_json(pair.extra),
        "created_at": now(),
    }


def _group_ids(library: Library, groups: set[str]) -> dict[str, int]:
    rows = library.rows(
        "SELECT id, name FROM groups WHERE name IN (SELECT value FROM json_each(?))", (to_json(sorted(groups)),)
    )
    found = {row["name"]: row["id"] for row in rows}
    if missing := groups - set(found):
        raise BugError(f"No split was assigned to {len(missing)} groups, {min(missing)!r} for one.")
    return found
