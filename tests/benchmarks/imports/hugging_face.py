"""What a user of Hugging Face does: `load_dataset("json")`, then a plain insert of its rows into the same tables.

Run in the peers' environment as `hugging_face.py LIBRARY.db FILE CACHE`; prints seconds as JSON.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sqlite3
import sys
import time

from datasets import load_dataset

_PAIRS = (
    "INSERT INTO pairs (text_hash, prompt, good, bad, group_id, origin, language, iteration, lint, extra, state,"
    " decided_by, created_at) VALUES (?, ?, ?, ?, ?, 'imported', '', ?, '[]', '{}', 'pending', 'nobody', '2026-01-01')"
)


def main(database: str, file: str, cache: str) -> None:
    began_at = time.perf_counter()
    rows = load_dataset("json", data_files=file, split="train", cache_dir=cache)
    loaded_s = time.perf_counter() - began_at
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN")
    for number, row in enumerate(rows, 1):
        connection.execute("INSERT INTO groups (id, name, split) VALUES (?, ?, 'train')", (number, f"g{number}"))
        connection.execute(_PAIRS, _as_row(number, row))
    connection.execute("COMMIT")
    connection.close()
    elapsed_s = time.perf_counter() - began_at
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"elapsed_s": elapsed_s, "cpu_s": time.process_time(), "loaded_s": loaded_s, "peak_kb": peak_kb}))


def _as_row(number: int, row: dict[str, str]) -> tuple[object, ...]:
    prompt, good, bad = row["prompt"], row["completion"], row["bad_example"]
    digest = hashlib.sha256(f"{prompt}\0{good}\0{bad}".encode()).hexdigest()
    turns = json.dumps([{"role": "user", "content": prompt}], ensure_ascii=False)
    return digest, turns, good, bad, number, row["iteration"]


if __name__ == "__main__":
    main(*sys.argv[1:])
