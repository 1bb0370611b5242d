"""One safer retry: a run that died of its size goes on in smaller pieces, from where it was saved."""

from __future__ import annotations

from lorastudio.domain.errors import KnownError, TrainingError
from lorastudio.domain.run import RESUMABLE, Run
from lorastudio.store.library import Library
from lorastudio.store.runs import add_run_event, get_run, list_run_events, update_run
from lorastudio.training.config import TrainConfig
from lorastudio.training.failures import safer_config

FAILURE_EVENT = "failure"
SMALLEST = "Start a new run with a shorter length, fewer layers or a 4-bit base model."


def note_failure(library: Library, run: Run, error: TrainingError) -> None:
    """Where a run died of its size, write that down and add to the error's hint what can be done now."""
    if not error.failure:
        return
    add_run_event(library, run.id, {"type": FAILURE_EVENT, "kind": error.failure})
    if safer_config(TrainConfig.from_record(run.config)) is None:
        offer = f"It ran in the smallest pieces already. {SMALLEST}"
    else:
        offer = "`lorastudio resume --safer` goes on in smaller pieces, which changes no result."
    error.hint = f"{error.hint} {offer}"


def can_be_safer(library: Library, run: Run) -> bool:
    """Whether an unfinished run died of its size and has not been made smaller yet."""
    return (
        run.state in RESUMABLE
        and bool(run.error)
        and bool(list_run_events(library, run.id, FAILURE_EVENT))
        and safer_config(TrainConfig.from_record(run.config)) is not None
    )


def make_safer(library: Library, run_id: int) -> Run:
    """Let an unfinished run go on in smaller pieces; `KnownError` when it is over, or in the smallest already."""
    run = get_run(library, run_id)
    if run.state not in RESUMABLE:
        raise KnownError(f"Run {run_id} is {run.state.value} and can't be resumed.", "Start a new run with train.")
    safer = safer_config(TrainConfig.from_record(run.config))
    if safer is None:
        raise KnownError(f"Run {run_id} computes one row at a time and recomputes already.", SMALLEST)
    return update_run(library, run_id, config=safer.as_record())
