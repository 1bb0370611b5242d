"""Endpoints: how each is spoken to and what it costs, and the embeddings that were computed."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Add columns and two tables.

    - endpoints: `headers` is a list of [name, value] and `sampling` an object, both JSON; prices are US dollars
      for a million tokens; `prefix` goes before every text that is embedded; `key_set_at` is when a key was given,
      which the keychain holds, and NULL when the server wants none.
    - embedding_spaces: vectors of one model with one prefix, which alone compare; the key without `dimension`
      makes a second dimension for the same model impossible.
    - embeddings: a vector for each text, as little-endian float32; `content_hash` is the SHA-256 of the text
      without its prefix, in hex.
    """
    db.executescript(_ENDPOINTS + _EMBEDDINGS)


_ENDPOINTS = """
ALTER TABLE endpoints ADD COLUMN protocol TEXT NOT NULL DEFAULT 'openai';
ALTER TABLE endpoints ADD COLUMN headers TEXT NOT NULL DEFAULT '[]';
ALTER TABLE endpoints ADD COLUMN sampling TEXT NOT NULL DEFAULT '{}';
ALTER TABLE endpoints ADD COLUMN prompt_price REAL;
ALTER TABLE endpoints ADD COLUMN completion_price REAL;
ALTER TABLE endpoints ADD COLUMN context_length INTEGER;
ALTER TABLE endpoints ADD COLUMN prefix TEXT NOT NULL DEFAULT '';
ALTER TABLE endpoints ADD COLUMN key_set_at TEXT;
"""

_EMBEDDINGS = """
CREATE TABLE embedding_spaces (
    id INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    prefix TEXT NOT NULL,
    dimension INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (model, prefix)
) STRICT;
CREATE TABLE embeddings (
    id INTEGER PRIMARY KEY,
    space_id INTEGER NOT NULL REFERENCES embedding_spaces (id) ON DELETE CASCADE,
    content_hash TEXT NOT NULL,
    vector BLOB NOT NULL,
    UNIQUE (space_id, content_hash)
) STRICT;
"""
