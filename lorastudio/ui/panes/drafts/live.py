"""What the events of a running cycle say, which is ahead of the library."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import singledispatchmethod
from typing import Any

from lorastudio.domain.cycle_events import CycleDone, PairsExtracted, StageBegan
from lorastudio.domain.draft import CallPurpose, DraftState
from lorastudio.domain.drafting_events import (
    CallRetried,
    CritiqueFinished,
    CycleStarted,
    DraftFinished,
    DraftGrew,
    QuestionFailed,
    QuestionFinished,
    QuestionStarted,
)
from lorastudio.domain.events import Event
from lorastudio.ui.panes.drafts.question_rows import DONE, FAILED, JUDGED, JUDGING, WRITING, QuestionRows, Row

WRITES = (CallPurpose.DRAFT, CallPurpose.REVISE)


@dataclass(slots=True)
class Stream:
    """The draft of a question that grows or has just ended. `whole`: its text is known from its first letter on."""

    draft_id: int
    iteration: int
    whole: bool
    text: str = ""
    state: DraftState = DraftState.STREAMING
    note: str = ""


class LiveCycle:
    """Follows one cycle. After `hear`, `grown` are the questions with more text, `stale` those of which the library
    knows more than before; `ended` is True when pairs were made or the cycle is over. `begin_batch` forgets these.
    """

    def __init__(self, rows: QuestionRows) -> None:
        self._rows = rows
        self._met: set[int] = set()  # questions whose next draft is seen from its start
        self.cycle_id: int | None = None
        self.stage = ""
        self.streams: dict[int, Stream] = {}
        self.active: dict[int, Row] = {}
        self.begin_batch()

    def begin_batch(self) -> None:
        self.grown: set[int] = set()
        self.stale: set[int] = set()
        self.ended = False

    def forget(self) -> None:
        """Nothing runs any more; the library knows all."""
        self._met.clear()
        self.streams.clear()
        self.active.clear()
        self.cycle_id = None
        self.stage = ""

    @singledispatchmethod
    def hear(self, event: Event) -> None:
        """Take an event in; those that say nothing about drafts are passed over."""

    @hear.register
    def _(self, event: StageBegan) -> None:
        self.cycle_id, self.stage = event.cycle, event.stage

    @hear.register
    def _(self, event: CycleStarted) -> None:
        self.cycle_id = event.cycle_id

    @hear.register
    def _(self, event: QuestionStarted) -> None:
        self._met.add(event.question_id)
        self.active[event.question_id] = Row(event.question_id, event.text, WRITING)
        self._change(event.question_id, state=WRITING, error="")
        self.stale.add(event.question_id)

    @hear.register
    def _(self, event: DraftGrew) -> None:
        stream = self.streams.get(event.question_id)
        if stream is None or stream.draft_id != event.draft_id:
            stream = Stream(event.draft_id, event.iteration, whole=event.question_id in self._met)
            self.streams[event.question_id] = stream
            self._change(event.question_id, state=WRITING, drafts=event.iteration)
        stream.text += event.text
        stream.note = ""
        self.grown.add(event.question_id)

    @hear.register
    def _(self, event: CallRetried) -> None:
        stream = self.streams.get(event.question_id)
        if stream is not None and event.purpose in WRITES:
            stream.text = ""
            stream.note = f"asking {event.endpoint} again in {event.wait_s:.0f} s: {event.reason}"
            self.grown.add(event.question_id)

    @hear.register
    def _(self, event: DraftFinished) -> None:
        self._met.add(event.question_id)
        self.streams[event.question_id] = Stream(
            event.draft_id, event.iteration, whole=True, text=event.text, state=event.state
        )
        self._change(event.question_id, state=JUDGING, drafts=event.iteration)
        self.stale.add(event.question_id)

    @hear.register
    def _(self, event: CritiqueFinished) -> None:
        self._change(event.question_id, state=JUDGED)
        self.stale.add(event.question_id)

    @hear.register
    def _(self, event: QuestionFinished) -> None:
        self._leave(event.question_id, state=DONE, drafts=event.iterations, score=event.best_score)

    @hear.register
    def _(self, event: QuestionFailed) -> None:
        self._leave(event.question_id, state=FAILED, error=event.error)

    @hear.register
    def _(self, event: PairsExtracted) -> None:
        self.ended = True

    @hear.register
    def _(self, event: CycleDone) -> None:
        self.ended = True

    def _change(self, question_id: int, **values: Any) -> None:
        if row := self.active.get(question_id):
            self.active[question_id] = replace(row, **values)
        self._rows.change(question_id, **values)

    def _leave(self, question_id: int, **values: Any) -> None:
        self.active.pop(question_id, None)
        self.streams.pop(question_id, None)
        self._rows.change(question_id, **values)
        self.stale.add(question_id)
