"""The floor: parse the lines with orjson, and put them into the library's own tables with one executemany each.

Nothing is recognised, checked, compared or mended. Run as `floor.py LIBRARY.db FILE`; prints seconds as JSON.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sqlite3
import sys
import time

import orjson

_PAIRS = (
    "INSERT INTO pairs (text_hash, prompt, good, bad, group_id, origin, language, iteration, lint, extra, state,"
    " decided_by, created_at) VALUES (?, ?, ?, ?, ?, 'imported', '', ?, '[]', '{}', 'pending', 'nobody', '2026-01-01')"
)


def main(database: str, file: str) -> None:
    began_at = time.perf_counter()
    with open(file, "rb") as lines:  # noqa: PTH123 - as plain as it gets
        rows = [orjson.loads(line) for line in lines]
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO groups (id, name, split) VALUES (?, ?, 'train')", ((n, f"g{n}") for n in range(1, len(rows) + 1))
    )
    connection.executemany(_PAIRS, (_as_row(number, row) for number, row in enumerate(rows, 1)))
    connection.execute("COMMIT")
    connection.close()
    elapsed_s = time.perf_counter() - began_at
    print(
        json.dumps(
            {
                "elapsed_s": elapsed_s,
                "cpu_s": time.process_time(),
                "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            }
        )
    )


def _as_row(number: int, row: dict[str, str]) -> tuple[object, ...]:
    prompt, good, bad = row["prompt"], row["completion"], row["bad_example"]
    digest = hashlib.sha256(f"{prompt}\0{good}\0{bad}".encode()).hexdigest()
    turns = orjson.dumps([{"role": "user", "content": prompt}]).decode()
    return digest, turns, good, bad, number, row["iteration"]


if __name__ == "__main__":
    main(*sys.argv[1:])
