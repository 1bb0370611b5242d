"""Cleaning: clusters of pairs that say nearly the same."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Create two tables.

    - cluster_looks: the last look at the pairs for each kind of cluster: by which method and model, and up to which
      pair, so that it can be said what came since.
    - cluster_pairs: which pairs lie together; a pair lies in one cluster of a kind at most.
    """
    db.executescript(_CLUSTERS)


_CLUSTERS = """
CREATE TABLE cluster_looks (
    kind TEXT PRIMARY KEY,
    method TEXT NOT NULL,
    model TEXT NOT NULL,
    last_pair_id INTEGER NOT NULL,
    looked_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE cluster_pairs (
    kind TEXT NOT NULL REFERENCES cluster_looks (kind),
    pair_id INTEGER NOT NULL REFERENCES pairs (id) ON DELETE CASCADE,
    cluster INTEGER NOT NULL,
    PRIMARY KEY (kind, pair_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX cluster_pairs_cluster ON cluster_pairs (kind, cluster);
CREATE INDEX cluster_pairs_pair ON cluster_pairs (pair_id);
"""
