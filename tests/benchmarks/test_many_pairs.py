"""What a person does with a million pairs: paging, searching, deciding on all, undoing. Prints seconds.

`make bench` runs it; it takes a few minutes, nearly all of them to write the million pairs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from lorastudio.domain.pair import Decider, PairState, Split
from lorastudio.store.groups import assign_splits
from lorastudio.store.imports import begin_import, commit_import
from lorastudio.store.library import Library
from lorastudio.store.pairs import count_pairs, decide_pairs, get_pair, list_pairs, undo

PAIRS = 1_000_000
PAGE = 200

# One side in a hundred names a rare word, all others common ones.
FILL = """
INSERT INTO pairs (text_hash, prompt, good, bad, group_id, origin, language, lint, extra, state, decided_by,
    created_at, import_id)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :pairs)
SELECT printf('%064x', (n * 2654435761) % 4294967296),
    json_array(json_object('role', 'user', 'content', 'Report: sample copper, temperature ' || n || ' K.')),
    'A sample of copper was annealed at ' || n || ' K for 20 min. The run was repeated 12 times.',
    'Remarkably, the sample is ' || iif(n % 100 = 0, 'quenched', 'aged') || ' at 550 K. This is a huge breakthrough.',
    1, 'imported', 'en', '[]', '{}', 'pending', 'nobody', '2026-11-22T12:00:00Z', :import_id
FROM numbers
"""

Result = TypeVar("Result")


def timed(name: str, action: Callable[[], Result]) -> Result:
    begin = time.perf_counter()
    result = action()
    sys.stdout.write(f"{name:42} {time.perf_counter() - begin:9.4f} s\n")
    return result


@pytest.mark.bench
@pytest.mark.timeout(1800)
def test_a_million_pairs(tmp_path: Path) -> None:
    with Library.open(tmp_path, write=True) as library:
        assign_splits(library, {"group": Split.TRAIN})
        import_id = begin_import(library, "million.jsonl", "seed")
        sys.stdout.write("\n")
        timed("write", lambda: library.execute(FILL, {"pairs": PAIRS, "import_id": import_id}))
        nobody, pending = Decider.NOBODY, PairState.PENDING
        ids = timed(
            "commit the import", lambda: commit_import(library, import_id, state=pending, decider=nobody, report={})
        ).pairs
        assert len(ids) == PAIRS

        timed("count by state", lambda: count_pairs(library))
        timed("one pair", lambda: get_pair(library, PAIRS // 2))
        timed("first page", lambda: list_pairs(library, limit=PAGE))
        last = timed("last page", lambda: list_pairs(library, limit=PAGE, after_id=PAIRS - PAGE))
        assert last[-1].id == PAIRS
        timed("page by state", lambda: list_pairs(library, limit=PAGE, after_id=PAIRS // 2, state=pending))
        timed("page of a common word", lambda: list_pairs(library, limit=PAGE, search="copper"))
        timed("late page of a common word", lambda: list_pairs(library, limit=PAGE, search="co", after_id=PAIRS // 2))
        rare = timed("page of a rare word", lambda: list_pairs(library, limit=PAGE, search="quenched"))
        assert len(rare) == PAGE
        timed("a word that is nowhere", lambda: list_pairs(library, limit=PAGE, search="cobalt"))

        person = Decider.PERSON
        timed("decide on one", lambda: decide_pairs(library, ids[:1], PairState.REJECTED, person, "reject"))
        timed("decide on all", lambda: decide_pairs(library, ids, PairState.ACCEPTED, person, "accept"))
        timed("undo that", lambda: undo(library))
        undo(library)
        timed("undo the import", lambda: undo(library))
        assert list_pairs(library, limit=1) == []
