"""Texts that must not be kept: whose they would be once they are masked, and erasing what they were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from lorastudio.store.json_text import from_json, to_json
from lorastudio.store.library import Library
from lorastudio.store.pair_rows import taken_hashes

_TEXTS = ("prompt", "good", "bad", "extra", "text_hash")


def taken_by_others(library: Library, hashes: Mapping[int, str]) -> set[int]:
    """Of pairs and the `pair_hash` they are to get those whose text another pair has, or had before an edit."""
    with library.transaction():
        owners = taken_hashes(library, list(hashes.values()), staged_too=False)
    return {pair_id for pair_id, digest in hashes.items() if owners.get(digest, pair_id) != pair_id}


def forget_texts(library: Library, ids: Sequence[int]) -> int:
    """Make the history of these pairs say what they say now wherever it says something else; returns how many of its
    images changed. Undo still turns their decisions, and no longer their texts."""
    with library.transaction():
        now = {
            row["id"]: {name: row[name] for name in _TEXTS}
            for row in library.rows(
                f"SELECT id, {', '.join(_TEXTS)} FROM pairs WHERE id IN (SELECT value FROM json_each(?))",
                (to_json(list(ids)),),
            )
        }
        images = library.rows(
            "SELECT action_id, pair_id, before, after FROM action_pairs"
            " WHERE pair_id IN (SELECT value FROM json_each(?))",
            (to_json(list(ids)),),
        )
        changed = [
            (*texts, row["action_id"], row["pair_id"])
            for row in images
            if (texts := [_overwritten(row[image], now[row["pair_id"]]) for image in ("before", "after")])
            != [row["before"], row["after"]]
        ]
        library.execute_many(
            "UPDATE action_pairs SET before = ?, after = ? WHERE action_id = ? AND pair_id = ?", changed
        )
    return len(changed)


@contextmanager
def erasing(library: Library) -> Iterator[None]:
    """What is overwritten or deleted inside is no longer in the file afterwards, the search index and the write-ahead
    log included; copies of the file keep it. Not inside a transaction; a reader may keep the log until it has gone.
    """
    library.execute("PRAGMA secure_delete = ON")
    try:
        yield
        library.execute("INSERT INTO pair_index (pair_index) VALUES ('optimize')")
        library.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        library.execute("PRAGMA secure_delete = OFF")


def _overwritten(image: str, texts: Mapping[str, str | None]) -> str:
    """An image with the texts that it holds in the words of today."""
    values = from_json(image)
    if not values.keys() & texts.keys():
        return image
    return to_json({name: texts.get(name, value) for name, value in values.items()})
