"""The closed loop in the practice world, from an untouched base to a deployed and proved version."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.cycle_events import DemoFinished, DemoRow
from lorastudio.domain.draft import Cycle
from lorastudio.domain.events import Event
from lorastudio.services.base_models import PRACTICE_NAME
from lorastudio.services.cycle import FINISHED, recall, run_cycle
from lorastudio.services.deployment import rollback
from lorastudio.services.gate_sets import set_practice_questions_aside
from lorastudio.services.measuring import Figures, measure
from lorastudio.services.practice import QUESTIONS_PER_CYCLE, start_practice_cycle
from lorastudio.services.servers import LocalServers
from lorastudio.store import cycles, deployments
from lorastudio.store.library import Library


def run_demo(
    library: Library,
    servers: LocalServers,
    *,
    cycle_count: int,
    seed: int,
    cancel: CancelToken,
    questions: int = QUESTIONS_PER_CYCLE,
) -> Iterator[Event]:
    """Run `cycle_count` practice cycles, measure each candidate, roll back and forth; ends with `DemoFinished`.

    In a library where the same demo was interrupted it goes on where it stopped, with the same figures.
    """
    began_s = time.monotonic()
    set_practice_questions_aside(library)
    rows = [_row(0, measure(library, None, cancel), None)]
    yield rows[0]
    live = rows[0].quality
    for index in range(1, cycle_count + 1):
        cycle = _find_cycle(library, seed, index)
        if cycle is None:
            cycle = start_practice_cycle(library, seed=seed, index=index, questions=questions)
        if recall(library, cycle.id).stage != FINISHED:
            yield from run_cycle(library, cycle.id, servers, cancel)
        row = _candidate_row(library, cycle, index, live, cancel)
        live = row.live_quality
        rows.append(row)
        yield row
    deployed = next((row.version for row in reversed(rows) if row.deployed), None)
    proved = yield from _roll_back_and_forth(library, deployed, servers, cancel)
    yield DemoFinished(
        {
            "cycles": [_without_event(row) for row in rows],
            "live_version": deployments.live_version(library),
            "rolled_back_ok": proved,
            "elapsed_s": round(time.monotonic() - began_s, 1),
        }
    )


def _find_cycle(library: Library, seed: int, index: int) -> Cycle | None:
    wanted = {"practice_seed": seed, "practice_index": index}
    return next((cycle for cycle in cycles.list_cycles(library) if wanted.items() <= cycle.settings.items()), None)


def _candidate_row(
    library: Library, cycle: Cycle, index: int, live_quality: float | None, cancel: CancelToken
) -> DemoRow:
    progress = recall(library, cycle.id)
    if progress.version is None:
        return DemoRow(index, progress.pairs, None, None, None, None, None, None, False, live_quality)
    row = _row(index, measure(library, progress.version, cancel), progress.version)
    return DemoRow(
        cycle=index,
        pairs=progress.pairs,
        quality=row.quality,
        perfect=row.perfect,
        preference_accuracy=row.preference_accuracy,
        canary=row.canary,
        version=progress.version,
        verdict=progress.verdict,
        deployed=progress.deployed,
        live_quality=row.quality if progress.deployed else live_quality,
    )


def _row(index: int, figures: Figures, version: int | None) -> DemoRow:
    return DemoRow(
        cycle=index,
        pairs=0,
        quality=figures.quality,
        perfect=figures.perfect,
        preference_accuracy=figures.preference_accuracy,
        canary=figures.canary,
        version=version,
        verdict=None,
        deployed=False,
        live_quality=figures.quality,
    )


def _without_event(row: DemoRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}


def _roll_back_and_forth(
    library: Library, deployed: int | None, servers: LocalServers, cancel: CancelToken
) -> Generator[Event, None, bool]:
    """Deploy what was live before, then what the cycles deployed last again; both are proved by their probes.

    A demo that was killed between the two is back already, and goes on from there.
    """
    if deployed is None:
        return False
    engine = servers.engine(PRACTICE_NAME)
    if deployments.live_version(library) == deployed:
        yield from rollback(library, engine, cancel=cancel)
    went_back = deployments.live_version(library) != deployed
    yield from rollback(library, engine, version=deployed, cancel=cancel)
    return went_back and deployments.live_version(library) == deployed
