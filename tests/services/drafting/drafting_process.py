"""Drafts one cycle in a process of its own, so that a test can kill it: HOME WRITER_URL CRITIC_URL CYCLE."""

from __future__ import annotations

import sys
from pathlib import Path

from lorastudio.domain.cancel import CancelToken
from lorastudio.services.drafting.cycle_drafting import draft_cycle
from lorastudio.store.recovery import recover
from tests.services.drafting.world import FixedServers, open_library

CONCURRENCY = 8


def main(home: str, writer_url: str, critic_url: str, cycle_id: str) -> None:
    with open_library(Path(home)) as library:
        recover(library)
        servers = FixedServers(writer_url, critic_url, CONCURRENCY)
        for _ in draft_cycle(library, int(cycle_id), servers, CancelToken()):
            continue


if __name__ == "__main__":
    main(*sys.argv[1:])
