"""Clusters of pairs that a look over the library found: near-duplicates, topics, translations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lorastudio.domain.clock import now
from lorastudio.store.library import Library
from lorastudio.store.pair_rows import VISIBLE


class ClusterKind(StrEnum):
    """`ALIKE` may be near-duplicates: a person decides."""

    DUPLICATES = "duplicates"
    ALIKE = "alike"
    TOPICS = "topics"
    TRANSLATIONS = "translations"


@dataclass(frozen=True, slots=True)
class Look:
    """How the clusters of a kind were found: `method` is "minhash", "words" or "embeddings", the latter by `model`.

    Pairs after `last_pair_id` were not there yet.
    """

    kind: ClusterKind
    method: str
    model: str
    last_pair_id: int
    looked_at: str = ""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Pairs that lie together, by id; `number` is the least of them when it was found."""

    number: int
    pair_ids: tuple[int, ...]


def save_clusters(library: Library, look: Look, clusters: Iterable[Sequence[int]]) -> None:
    """Keep the clusters of a look in place of those of the last one."""
    rows = [(look.kind, pair_id, cluster[0]) for cluster in clusters for pair_id in cluster]
    with library.transaction():
        library.execute("DELETE FROM cluster_pairs WHERE kind = ?", (look.kind,))
        library.execute(
            "INSERT OR REPLACE INTO cluster_looks (kind, method, model, last_pair_id, looked_at)"
            " VALUES (?, ?, ?, ?, ?)",
            (look.kind, look.method, look.model, look.last_pair_id, now()),
        )
        library.execute_many("INSERT INTO cluster_pairs (kind, pair_id, cluster) VALUES (?, ?, ?)", rows)


def last_look(library: Library, kind: ClusterKind) -> Look | None:
    """The last look for a kind of cluster; None when there was none."""
    row = library.row("SELECT * FROM cluster_looks WHERE kind = ?", (kind,))
    if row is None:
        return None
    return Look(kind, row["method"], row["model"], row["last_pair_id"], row["looked_at"])


def list_clusters(library: Library, kind: ClusterKind, *, limit: int | None = None, after: int = -1) -> list[Cluster]:
    """The clusters with at least one pair that is there, by number, from the one after `after` on."""
    rows = library.rows(
        "SELECT cluster, group_concat(pair_id) AS pair_ids FROM"
        " (SELECT cluster, pair_id FROM cluster_pairs JOIN pairs ON pairs.id = pair_id"
        f" WHERE kind = ? AND cluster > ? AND {VISIBLE} ORDER BY cluster, pair_id) GROUP BY cluster"
        " ORDER BY cluster LIMIT ?",
        (kind, after, -1 if limit is None else limit),
    )
    return [Cluster(row["cluster"], tuple(sorted(map(int, row["pair_ids"].split(","))))) for row in rows]


def cluster_of(library: Library, kind: ClusterKind, pair_id: int) -> tuple[int, ...]:
    """The other pairs of a pair's cluster that are there, by id; empty when it lies in none."""
    rows = library.rows(
        "SELECT others.pair_id FROM cluster_pairs AS mine"
        " JOIN cluster_pairs AS others ON others.kind = mine.kind AND others.cluster = mine.cluster"
        " JOIN pairs ON pairs.id = others.pair_id"
        f" WHERE mine.kind = ? AND mine.pair_id = ? AND others.pair_id <> mine.pair_id AND {VISIBLE}"
        " ORDER BY others.pair_id",
        (kind, pair_id),
    )
    return tuple(row["pair_id"] for row in rows)


def count_pairs_after(library: Library, pair_id: int) -> int:
    """How many pairs have come in after a pair."""
    return int(library.value(f"SELECT count(*) FROM pairs WHERE id > ? AND {VISIBLE}", (pair_id,)))
