"""Work told to a person: one line for what matters, a moving bar for what only counts."""

from __future__ import annotations

from functools import singledispatchmethod
from types import TracebackType

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from lorastudio.cli.data_words import data_words
from lorastudio.cli.drafting_words import critic_line, estimate_lines, finished_line
from lorastudio.cli.session import Session, counted, figure, model_name
from lorastudio.cli.verifying_words import question_line, started_lines
from lorastudio.domain.cycle_events import DemoRow, PairsAccepted, PairsExtracted, QuestionsSetAside, StageBegan
from lorastudio.domain.deployment_events import DeploymentBegan, DeploymentDone, DeploymentStepped
from lorastudio.domain.download_events import DownloadDone, DownloadPlanned, DownloadProgressed
from lorastudio.domain.drafting_events import (
    CriticReported,
    CycleEstimated,
    CycleFinished,
    CycleStarted,
    QuestionFailed,
    QuestionFinished,
)
from lorastudio.domain.events import Event, Progressed, Warned
from lorastudio.domain.gate_events import GateFinished
from lorastudio.domain.sizes import size_in_words
from lorastudio.domain.training_events import (
    DataReported,
    Evaluated,
    MemoryPlanned,
    StepDone,
    TrainingDone,
    TrainingStarted,
)
from lorastudio.domain.verification_events import (
    QuestionVerified,
    TeacherDropped,
    VerificationFinished,
    VerificationStarted,
)
from lorastudio.training.memory_words import plan_line

MEGABYTE = 1e6


class Narrator:
    """Tells events on stderr. The bar moves only on a terminal; elsewhere the lines alone are printed.

    Use as a context manager; `finish` takes the bar away before results are printed.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.completed:.0f} of {task.total:.0f}"),
            TimeRemainingColumn(compact=True),
            console=session.err,
            transient=True,
            disable=not session.err.is_terminal,
        )
        self._task: TaskID | None = None
        self._questions = 0

    def __enter__(self) -> Narrator:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish()

    def finish(self) -> None:
        """Take the bar away."""
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None
        self._progress.stop()

    @singledispatchmethod
    def tell(self, event: Event) -> None:
        """Say what an event means; events that only machines need are passed over."""

    @tell.register
    def _(self, event: Warned) -> None:
        self._session.warn(event.message)

    @tell.register
    def _(self, event: Progressed) -> None:
        self._move(event.what, event.done, event.total)

    @tell.register
    def _(self, event: DownloadPlanned) -> None:
        self._say(
            f"{event.model}: {counted(event.files, 'file')}, {size_in_words(event.size_bytes)}, of which "
            f"{size_in_words(event.missing_bytes)} are to be downloaded; {size_in_words(event.free_bytes)} are free."
        )

    @tell.register
    def _(self, event: DownloadProgressed) -> None:
        self._move(f"Downloading {event.file}, MB", event.done_bytes / MEGABYTE, event.size_bytes / MEGABYTE)

    @tell.register
    def _(self, event: DownloadDone) -> None:
        self._say(f"All of {event.model} is here, whole and verified: {event.folder}")

    @tell.register
    def _(self, event: StageBegan) -> None:
        self._say(f"Cycle {event.cycle}: {event.stage}.")

    @tell.register
    def _(self, event: QuestionsSetAside) -> None:
        self._say(f"{counted(event.count, 'question')} set aside for the gate, never to be drafted on.")

    @tell.register
    def _(self, event: CycleStarted) -> None:
        self._questions = event.questions
        self._move("Drafting", 0, event.questions)

    @tell.register
    def _(self, event: QuestionFinished) -> None:
        self._advance()
        score = figure(event.best_score, 2)
        self._say(
            f"  question {event.position + 1}: best score {score} after {counted(event.iterations, 'draft')} "
            f"({event.stop_reason.value})."
        )

    @tell.register
    def _(self, event: QuestionFailed) -> None:
        self._advance()
        self._session.warn(f"Question {event.position + 1} failed: {event.error}")

    @tell.register
    def _(self, event: CycleFinished) -> None:
        self._say(f"  {finished_line(event)}")

    @tell.register
    def _(self, event: CycleEstimated) -> None:
        for line in estimate_lines(event):
            self._say(f"  {line}")

    @tell.register
    def _(self, event: CriticReported) -> None:
        self._say(f"  {critic_line(event)}")

    @tell.register
    def _(self, event: VerificationStarted) -> None:
        for line in started_lines(event):
            self._say(line)
        self._move("Verifying", event.questions - event.open_questions, event.questions)

    @tell.register
    def _(self, event: QuestionVerified) -> None:
        self._advance()
        self._say(f"  {question_line(event)}")

    @tell.register
    def _(self, event: TeacherDropped) -> None:
        self._session.warn(f"{event.teacher} failed several times in a row and is asked no more: {event.reason}")

    @tell.register
    def _(self, event: VerificationFinished) -> None:
        self._say(f"  {finished_line(event)}")

    @tell.register
    def _(self, event: PairsExtracted) -> None:
        self._say(f"  {counted(event.added, 'pair')} extracted.")

    @tell.register
    def _(self, event: PairsAccepted) -> None:
        self._say(
            f"  Nobody has looked at them: the confidence rule (at least {event.min_confidence:g}) "
            f"accepted {event.accepted}."
        )

    @tell.register
    def _(self, event: TrainingStarted) -> None:
        again = "resumed" if event.resumed else "started"
        self._say(f"  Run {event.run} {again}: {event.objective}, {event.examples} examples, {event.heldout} held out.")

    @tell.register
    def _(self, event: DataReported) -> None:
        for line in data_words(event.figures):
            self._say(f"  {line}")

    @tell.register
    def _(self, event: MemoryPlanned) -> None:
        self._say(f"  {plan_line(event.figures)}")

    @tell.register
    def _(self, event: StepDone) -> None:
        self._move(f"Training, loss {figure(event.loss)}", event.step, event.steps)

    @tell.register
    def _(self, event: Evaluated) -> None:
        words = f"  step {event.step}: development loss {figure(event.loss)}, accuracy {figure(event.accuracy)}"
        self._say(words + ("." if event.quality is None else f", sampled quality {figure(event.quality)}."))

    @tell.register
    def _(self, event: TrainingDone) -> None:
        self._say(f"  Version {event.version}: loss {figure(event.final_loss)}.")

    @tell.register
    def _(self, event: GateFinished) -> None:
        report = event.report
        gain = "no figure" if report.gain is None else f"{report.gain:+.1f} points"
        self._say(f"  Gate, version {report.version} against {report.against}: {report.verdict.value} ({gain}).")

    @tell.register
    def _(self, event: DeploymentBegan) -> None:
        verb = "Rolling back" if event.kind == "rollback" else "Deploying"
        self._say(f"{verb}: {model_name(event.previous)} → {model_name(event.version)}.")

    @tell.register
    def _(self, event: DeploymentStepped) -> None:
        self._say(f"  {event.step.value}")

    @tell.register
    def _(self, event: DeploymentDone) -> None:
        self._say(f"Live now: {model_name(event.version)}, proved by probes.")

    @tell.register
    def _(self, event: DemoRow) -> None:
        name = "base" if event.cycle == 0 else f"cycle {event.cycle}"
        self._say(
            f"{name}: quality {figure(event.quality)}, perfect {figure(event.perfect)}, "
            f"canaries {figure(event.canary)}."
        )

    def _say(self, text: str) -> None:
        self._session.note(text)

    def _move(self, what: str, done: float, total: float) -> None:
        if self._task is None:
            self._task = self._progress.add_task(what, total=total)
        self._progress.update(self._task, description=what, completed=done, total=total)

    def _advance(self) -> None:
        if self._task is not None:
            self._progress.advance(self._task)
