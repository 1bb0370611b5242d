"""How far a job is, out of its events: a line of words, a fraction, and what went wrong on the way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatchmethod

from lorastudio.bridge.stages import STAGES
from lorastudio.domain.cycle_events import PairsExtracted, StageBegan
from lorastudio.domain.deployment_events import DeploymentBegan, DeploymentDone, DeploymentStep, DeploymentStepped
from lorastudio.domain.download_events import DownloadDone, DownloadProgressed
from lorastudio.domain.drafting_events import CycleStarted, QuestionFailed, QuestionFinished
from lorastudio.domain.events import Event, Progressed, Warned
from lorastudio.domain.gate_events import GateFinished, GateStarted
from lorastudio.domain.training_events import PhaseBegan, StepDone, TrainingDone
from lorastudio.domain.verification_events import QuestionVerified, TeacherDropped, VerificationStarted

MEGABYTE = 1e6


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` units; `left_s` is an estimate, None when unknown."""

    done: int
    total: int
    left_s: float | None = None


class Telling:
    """What can be said about a job now. `stage` is the stage of a cycle, as in `StageBegan`, or empty; `milestone` is
    True after an event that changed lists of the library.
    """

    def __init__(self) -> None:
        self.stage = ""
        self.step = ""
        self.progress: Progress | None = None
        self.warnings: list[str] = []
        self.milestone = False

    @singledispatchmethod
    def hear(self, event: Event) -> None:
        """Take an event in; those that say nothing about progress are passed over."""

    @hear.register
    def _(self, event: Warned) -> None:
        self.warnings.append(event.message)

    @hear.register
    def _(self, event: Progressed) -> None:
        self._move(event.what, event.done, event.total, event.left_s)

    @hear.register
    def _(self, event: DownloadProgressed) -> None:
        done, total = round(event.done_bytes / MEGABYTE), round(event.size_bytes / MEGABYTE)
        self._move("Megabytes downloaded:", done, total, event.left_s)

    @hear.register
    def _(self, event: DownloadDone) -> None:
        self._turn_to(f"{event.model.partition('@')[0]} is downloaded and verified")

    @hear.register
    def _(self, event: StageBegan) -> None:
        self.stage = event.stage
        self._turn_to(STAGES.get(event.stage, event.stage))

    @hear.register
    def _(self, event: CycleStarted) -> None:
        self._move("Drafting: questions", event.questions - event.open_questions, event.questions, None)

    @hear.register
    def _(self, event: QuestionFinished) -> None:
        self._advance()

    @hear.register
    def _(self, event: QuestionFailed) -> None:
        self._advance()
        self.warnings.append(f"Question {event.position + 1} failed: {event.error}")

    @hear.register
    def _(self, event: PairsExtracted) -> None:
        self._turn_to(f"{event.added} pairs made")

    @hear.register
    def _(self, event: PhaseBegan) -> None:
        self._turn_to(f"Training: {event.name}")

    @hear.register
    def _(self, event: StepDone) -> None:
        self._move("Training: step", event.step, event.steps, event.left_s)

    @hear.register
    def _(self, event: TrainingDone) -> None:
        self._turn_to(f"Version {event.version} is trained")

    @hear.register
    def _(self, event: GateStarted) -> None:
        self._turn_to(f"Judging version {event.version} on {event.questions} questions")

    @hear.register
    def _(self, event: GateFinished) -> None:
        self._turn_to(f"The gate says: {event.report.verdict.value}")

    @hear.register
    def _(self, event: DeploymentBegan) -> None:
        self._turn_to("Rolling back" if event.kind == "rollback" else "Deploying")

    @hear.register
    def _(self, event: DeploymentStepped) -> None:
        steps = list(DeploymentStep)
        self._move(self.step.partition(":")[0] + ": step", steps.index(event.step) + 1, len(steps), None)
        self.milestone = event.step is DeploymentStep.FLIPPED

    @hear.register
    def _(self, event: DeploymentDone) -> None:
        live = "The base model" if event.version is None else f"Version {event.version}"
        self._turn_to(f"{live} is live, proved by probes")

    @hear.register
    def _(self, event: VerificationStarted) -> None:
        self._move("Verifying: questions", event.questions - event.open_questions, event.questions, None)

    @hear.register
    def _(self, event: QuestionVerified) -> None:
        self._advance()

    @hear.register
    def _(self, event: TeacherDropped) -> None:
        self.warnings.append(f"{event.teacher} is asked no more: {event.reason}")

    def _move(self, step: str, done: int, total: int, left_s: float | None) -> None:
        self.step, self.progress = step, Progress(done, total, left_s)

    def _turn_to(self, step: str) -> None:
        self.step, self.progress, self.milestone = step, None, True

    def _advance(self) -> None:
        if self.progress is not None and self.progress.done < self.progress.total:
            self.progress = Progress(self.progress.done + 1, self.progress.total)
        self.milestone = True
