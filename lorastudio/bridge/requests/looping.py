"""Whole turns of the loop: a practice cycle, and going on with what was left unfinished."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.events import Event

if TYPE_CHECKING:
    from lorastudio.services.servers import LocalServers
    from lorastudio.store.library import Library

PRACTICE_SEED = 0


def practise(library: Library, servers: LocalServers, cancel: CancelToken) -> Iterator[Event]:
    """Run the next cycle of the practice world: drafts, pairs, training, gate, deployment."""
    from lorastudio.services.cycle import run_cycle
    from lorastudio.services.gate_sets import set_practice_questions_aside
    from lorastudio.services.practice import QUESTIONS_PER_CYCLE, start_practice_cycle
    from lorastudio.store.cycles import list_cycles

    done = sum(cycle.settings.get("practice_seed") == PRACTICE_SEED for cycle in list_cycles(library))
    set_practice_questions_aside(library)
    cycle = start_practice_cycle(library, seed=PRACTICE_SEED, index=done + 1, questions=QUESTIONS_PER_CYCLE)
    yield from run_cycle(library, cycle.id, servers, cancel)


def go_on_with_cycle(library: Library, servers: LocalServers, cancel: CancelToken) -> Iterator[Event]:
    """Go on with the newest unfinished cycle; its failed questions are tried again."""
    from lorastudio.services.cycle import run_cycle
    from lorastudio.services.questions import continue_cycle

    cycle = continue_cycle(library)
    yield from run_cycle(library, cycle.id, servers, cancel)


def go_on_with_run(
    library: Library, servers: LocalServers, cancel: CancelToken, run_id: int, safer: bool = False
) -> Iterator[Event]:
    """Go on with an interrupted training run from its last checkpoint; `safer` in smaller pieces, to the same end."""
    from lorastudio.services.safer_retry import make_safer
    from lorastudio.services.training_runs import train_run

    if safer:
        make_safer(library, run_id)
    yield from train_run(library, run_id, cancel)


def keep_run_as_it_is(library: Library, servers: LocalServers, cancel: CancelToken, run_id: int) -> Iterator[Event]:
    """End an interrupted training run at its last checkpoint; what it has learnt becomes a version."""
    from lorastudio.services.training_runs import keep_run

    yield from keep_run(library, run_id, cancel)
