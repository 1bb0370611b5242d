"""kill -9 at random moments: what was acknowledged is there, nothing is half there."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

from lorastudio.domain.draft import CallState
from lorastudio.domain.pair import PairState
from lorastudio.domain.pair_filter import PairFilter
from lorastudio.store.calls import list_calls
from lorastudio.store.library import Library
from lorastudio.store.pairs import count_pairs, list_pairs
from lorastudio.store.recovery import recover
from tests.store.crash_writer import PAIRS_AT_ONCE

KILLS = 20
LONGEST_LIFE_S = 0.15


def test_a_library_survives_kills_at_random_moments(tmp_path: Path) -> None:
    chance = random.Random(20261122)
    acknowledged: defaultdict[str, set[int]] = defaultdict(set)
    for _ in range(KILLS):
        for line in lines_of_a_killed_writer(tmp_path, chance.uniform(0, LONGEST_LIFE_S)):
            noun, *ids = line.split()
            acknowledged[noun].update(map(int, ids))
        check(tmp_path, acknowledged)
    assert min(len(acknowledged[noun]) for noun in ("pairs", "accepted", "answered")) > KILLS


def lines_of_a_killed_writer(home: Path, life_s: float) -> list[str]:
    """What a writer said until it was killed, `life_s` after its first word."""
    command = [sys.executable, "-m", "tests.store.crash_writer", str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(life_s)
        writer.kill()
        rest = writer.stdout.read().splitlines()
    assert writer.returncode == -9
    return [first, *rest]


def check(home: Path, acknowledged: dict[str, set[int]]) -> None:
    with Library.open(home, write=True) as library:
        assert [row[0] for row in library.rows("PRAGMA integrity_check")] == ["ok"]
        assert library.rows("PRAGMA foreign_key_check") == []
        recover(library)
        pairs = {pair.id: pair for pair in list_pairs(library)}
        assert acknowledged["pairs"] <= set(pairs)
        assert {pairs[pair_id].state for pair_id in acknowledged["accepted"]} <= {PairState.ACCEPTED}
        assert set(Counter(pair.extra["tag"] for pair in pairs.values()).values()) <= {PAIRS_AT_ONCE}
        assert len(list_pairs(library, PairFilter(search="good"))) == len(pairs)
        assert sum(count_pairs(library).values()) == len(pairs) == library.value("SELECT count(*) FROM pairs")
        states = {call.id: call.state for call in list_calls(library)}
        assert {states[call_id] for call_id in acknowledged["answered"]} <= {CallState.ANSWERED}
        assert set(states.values()) <= {CallState.ANSWERED, CallState.LOST}
