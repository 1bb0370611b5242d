"""Follows whatever trains: a run started here, one that goes on, or the training within a cycle."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.job import Job
from lorastudio.domain.events import Event
from lorastudio.domain.training_events import (
    DataReported,
    Evaluated,
    MemoryPlanned,
    PhaseBegan,
    StepDone,
    TrainingDone,
    TrainingStarted,
)
from lorastudio.ui.widgets.plots.run_curves import RunCurves

PHASES = {
    "loading": "Loading the base model",
    "reading": "Reading the pairs",
    "replay": "Asking the base model what it should not forget",
    "reference": "Asking the base model for its own likelihoods",
    "training": "",
    "evaluating": "Evaluating on what was held out",
    "saving": "Saving",
}
OF_A_RUN = (DataReported, MemoryPlanned, StepDone, Evaluated)


class RunFollower(QObject):
    """One run at a time: the last one that began. `busy` is also True before its first event."""

    began = Signal(int)  # the run's id
    grown = Signal(object)  # tuple[Event, ...] of the live run
    ended = Signal(object)  # Job that trained, or that was started to train

    def __init__(self, backend: Backend, parent: QObject) -> None:
        super().__init__(parent)
        self._backend = backend
        self._trains: dict[int, Job] = {}
        self._tail: list[Event] | None = None
        self._tail_run = 0
        self.live_run = 0
        self._forget_progress()
        backend.job_started.connect(self._on_started)
        for job in backend.running():
            self._on_started(job)

    @property
    def busy(self) -> bool:
        """Something trains."""
        return bool(self.jobs())

    @property
    def stopping(self) -> bool:
        return any(job.stopping for job in self.jobs())

    @property
    def finishing(self) -> bool:
        """The run was asked to end early and keep what it has learnt."""
        return any(job.finishing for job in self.jobs())

    @property
    def share(self) -> float:
        """How much of the live run is done, 0 to 1."""
        return self.step / self.steps if self.steps else 0.0

    def jobs(self) -> list[Job]:
        """The running jobs that train now."""
        inside = [job for job in self._trains.values() if job.state == "running"]
        inside += [job for job in self._backend.running("cycle") if job.telling.stage == "training"]
        return list(dict.fromkeys([*self._backend.running("training"), *inside]))

    def keep_tail(self, run_id: int) -> None:
        """From now on keep what the run says, until its curves have come from the library."""
        self._tail, self._tail_run = [], run_id

    def take_tail(self, curves: RunCurves) -> tuple[Event, ...]:
        """What was said since, as far as the library did not know it yet."""
        last = {StepDone: curves.last_step, Evaluated: int(curves.development_loss.last_step)}
        tail, self._tail = self._tail or (), None
        return tuple(event for event in tail if getattr(event, "step", 0) > last.get(type(event), -1))

    @Slot(object)
    def _on_started(self, job: Job) -> None:
        if job.kind in ("training", "cycle"):
            job.events.connect(self._on_events)
            job.ended.connect(self._on_ended)
        if job.kind == "training":
            self._forget_progress()

    @Slot(object)
    def _on_events(self, events: tuple[Event, ...]) -> None:
        of_run: list[Event] = []
        for event in events:
            self._hear(event)
            if isinstance(event, OF_A_RUN) and event.run == self.live_run:
                of_run.append(event)
                if self._tail is not None and self._tail_run == event.run:
                    self._tail.append(event)
        if of_run or any(isinstance(event, (PhaseBegan, TrainingDone)) for event in events):
            self.grown.emit(tuple(of_run))

    def _hear(self, event: Event) -> None:
        if isinstance(event, TrainingStarted):
            self._forget_progress()
        if isinstance(event, (TrainingStarted, *OF_A_RUN)) and event.run != self.live_run:
            self._begin(event.run)
        if isinstance(event, PhaseBegan):
            self.phase_words = PHASES.get(event.name, event.name)
        elif isinstance(event, StepDone):
            self.step, self.steps, self.left_s, self.phase_words = event.step, event.steps, event.left_s, ""
            self.figures = event.figures
        elif isinstance(event, TrainingDone):
            self._trains.pop(event.run, None)
            self.live_run = 0

    def _begin(self, run_id: int) -> None:
        """Follow a run from here on; it may have begun before anybody looked."""
        self.live_run = run_id
        job = self.sender()
        if isinstance(job, Job):
            self._trains[run_id] = job
        self.began.emit(run_id)

    @Slot(object)
    def _on_ended(self, job: Job) -> None:
        trained = [run for run, at_work in self._trains.items() if at_work is job]
        for run in trained:
            del self._trains[run]
        if self.live_run in trained or job.kind == "training":
            self.live_run = 0
        if trained or job.kind == "training":
            self.ended.emit(job)

    def _forget_progress(self) -> None:
        self.step = self.steps = 0
        self.left_s: float | None = None
        self.figures: dict[str, Any] = {}
        self.phase_words = "Preparing"
