"""What the worker of a run says: written down where it is a figure, and told as events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lorastudio.domain.events import Event, Progressed, Warned
from lorastudio.domain.training_events import (
    CheckpointSaved,
    DataReported,
    Evaluated,
    MemoryPlanned,
    PhaseBegan,
    StepDone,
)
from lorastudio.store import runs
from lorastudio.store.library import Library
from lorastudio.training.memory_words import plan_warning

Message = dict[str, Any]
WRITTEN_DOWN = ("data", "plan", "step", "eval")


def hear(library: Library, run_id: int, message: Message) -> Iterator[Event]:
    """The events for one message; its figures, and those of the steps it brings along, are in the library by then.

    A message brings at most the steps of a tenth of a second (see the protocol), so that is what one transaction
    holds, however fast the run is.
    """
    records = [*message.get("earlier", ()), {key: value for key, value in message.items() if key != "earlier"}]
    if message["type"] in WRITTEN_DOWN:
        with library.transaction():
            for record in records:
                runs.add_run_event(library, run_id, record)
    if message["type"] == "plan":
        _keep_pass_size(library, run_id, message)
    for record in records:
        yield from _events_of(run_id, record)


def _keep_pass_size(library: Library, run_id: int, plan: Message) -> None:
    """Cut a run's steps the same way whenever it goes on: sums of other pieces differ in their last bits."""
    config = runs.get_run(library, run_id).config
    if config.get("tokens_per_pass") != plan["tokens_per_pass"]:
        runs.update_run(library, run_id, config=config | {"tokens_per_pass": plan["tokens_per_pass"]})


def _events_of(run_id: int, message: Message) -> Iterator[Event]:
    kind = message["type"]
    figures = {key: value for key, value in message.items() if key != "type"}
    if kind == "step":
        yield StepDone(run_id, message["step"], message["steps"], message["loss"], message.get("left_s"), figures)
    elif kind == "eval":
        yield Evaluated(run_id, **(figures | {"samples": tuple(figures["samples"])}))
    elif kind == "data":
        yield DataReported(run_id, figures)
    elif kind == "plan":
        yield MemoryPlanned(run_id, figures)
        if warning := plan_warning(figures):
            yield Warned(warning)
    elif kind == "saved":
        yield CheckpointSaved(run_id, message["step"])
    elif kind == "phase":
        yield PhaseBegan(message["name"])
    elif kind == "progress":
        yield Progressed("Preparing", message["done"], message["of"])
    elif kind == "warning":
        yield Warned(message["message"])
